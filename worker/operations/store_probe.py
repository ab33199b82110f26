"""Checks within seconds that the store answers and knows our token, before a command uses it."""

import contextlib
import threading
from collections.abc import Callable

from worker.errors import GrooveError, StoreUnavailable
from worker.settings import Settings
from worker.store.api import StoreApi

#: seconds for finding the host, connecting and a first answer, together
PATIENCE_SECONDS = 4.0
#: seconds; of a store that was just started with many learnings the first values take so long
LONG_PATIENCE_SECONDS = 60.0
#: an id holds printable characters only: the cheapest answer that needs a token
_NO_ID = "\n"


def knock(settings: Settings, *, on_wait: Callable[[], None] | None = None) -> None:
    """Raises `StoreUnavailable` when nothing answers, with a note on what to do.

    `on_wait`: whoever has a minute is told after some seconds that the store is waited for.
    """
    patience = LONG_PATIENCE_SECONDS if on_wait else PATIENCE_SECONDS
    try:
        _within(patience, lambda: _ask(settings, patience), on_wait=on_wait)
    except TimeoutError as error:
        reason = f"the store server at {settings.store_url} cannot be reached: no answer within {patience:g} seconds"
        raise _with_advice(StoreUnavailable(reason), settings) from error
    except StoreUnavailable as error:
        raise _with_advice(error, settings) from error.__cause__


def _ask(settings: Settings, patience: float) -> None:
    store = StoreApi(settings.store_url, token=settings.write_token() or "", timeout_s=patience)
    with contextlib.closing(store):
        store.learning_ids(beginning=_NO_ID)


def _within(seconds: float, call: Callable[[], None], *, on_wait: Callable[[], None] | None = None) -> None:
    """In a thread of its own: looking a host up knows no deadline. Raises what `call` raises, or `TimeoutError`."""
    raised: list[GrooveError] = []

    def run() -> None:
        try:
            call()
        except GrooveError as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    told_after = min(seconds, PATIENCE_SECONDS)
    thread.join(told_after)
    if thread.is_alive() and on_wait is not None:
        on_wait()
        thread.join(seconds - told_after)
    if thread.is_alive():
        raise TimeoutError
    if raised:
        raise raised[0]


def _with_advice(error: StoreUnavailable, settings: Settings) -> StoreUnavailable:
    start = "is it running? in compose `docker compose up -d store`; else check GROOVE_STORE__URL and the tokens"
    error.add_note(
        start
        if settings.store.url
        else "it may be at work: try again; if it never answers, end its process and start `groove up` again"
    )
    return error
