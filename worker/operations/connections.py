"""What commands and pages work with: the ledger, and the store, which is started when none runs."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from worker.settings import Settings, load_settings
from worker.settings.folders import make_data_folder

if TYPE_CHECKING:
    from worker.ledger import Ledger
    from worker.store.api import StoreApi


def now() -> int:
    return time.time_ns() // 1000


def actor() -> str:
    """Who decides, for the decision log: a number where no account is known for it."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@contextlib.contextmanager
def open_store(settings: Settings | None = None, *, on_wait: Callable[[], None] | None = None) -> Iterator["StoreApi"]:
    """The public API of the store in use; embedded and not running, it is started for the length of the block.

    Raises `StoreUnavailable` within seconds when it is one that does not answer; within a minute where `on_wait` is
    given, which is told when the wait begins.
    """
    from worker.operations.store_probe import knock
    from worker.store.addresses import StoreAddress
    from worker.store.api import StoreApi

    settings = settings or load_settings()
    is_there = settings.store.url is not None or StoreAddress.parse(settings.store_url).accepts()
    with contextlib.nullcontext() if is_there else _store_of_our_own(settings):
        knock(settings, on_wait=on_wait)
        store = StoreApi(settings.store_url, token=settings.write_token() or "")
        try:
            yield store
        finally:
            store.close()


def _store_of_our_own(settings: Settings) -> contextlib.AbstractContextManager[None]:
    from worker.local.stack import running_store

    return running_store(settings)


@contextlib.contextmanager
def open_the_ledger(settings: Settings | None = None) -> Iterator["Ledger"]:
    """The ledger, which needs no server when it is SQLite."""
    from worker.ledger import open_ledger

    settings = settings or load_settings()
    make_data_folder(settings.data_dir)
    ledger = open_ledger(settings.ledger_url, quiet_seconds=settings.bridge.late_event_quiet_seconds)
    try:
        yield ledger
    finally:
        ledger.dispose()
