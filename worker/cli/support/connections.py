"""What commands work with: settings, ledger, event log, and a store that is started when none runs."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from worker.settings import Settings, load_settings
from worker.settings.folders import make_private

if TYPE_CHECKING:
    from worker.ledger import Ledger, SessionRef
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
def open_store(settings: Settings | None = None) -> Iterator["StoreApi"]:
    """The public API of the store in use; embedded and not running, it is started for the length of the block.

    Raises `StoreUnavailable` within seconds when it is one that does not answer.
    """
    from worker.cli.support.store_probe import knock
    from worker.store.addresses import StoreAddress
    from worker.store.api import StoreApi

    settings = settings or load_settings()
    is_there = settings.store.url is not None or StoreAddress.parse(settings.store_url).accepts()
    with contextlib.nullcontext() if is_there else _store_of_our_own(settings):
        knock(settings)
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
    make_private(settings.data_dir)
    ledger = open_ledger(settings.ledger_url, quiet_seconds=settings.bridge.late_event_quiet_seconds)
    try:
        yield ledger
    finally:
        ledger.dispose()


def full_session_id(ledger: "Ledger", prefix: str) -> str:
    """The session that this id, or this beginning of exactly one, means. Raises `NotFound`."""
    from worker.errors import NotFound

    found = ledger.history.find_sessions(prefix)
    if prefix in found:
        return prefix
    if len(found) != 1:
        raise NotFound(f"{prefix}: {'several sessions begin like this' if found else 'no such session'}")
    return found[0]


def full_failed_id(ledger: "Ledger", prefix: str) -> str:
    """The learning that failed somewhere and has this id, or begins so alone; else the same again. Raises `NotFound` when several do."""
    from worker.errors import NotFound

    found = ledger.retries.find_failed_learnings(prefix)
    if prefix in found or not found:
        return prefix
    if len(found) > 1:
        raise NotFound(f"{prefix}: several learnings that failed begin like this")
    return found[0]


def enqueue_prepared(sessions: Sequence["SessionRef"], *, sent_at: int) -> bool:
    """Send sessions to be prepared -> False when no broker runs: the sweeper sends them as soon as the stack does.

    `sent_at`: the moment that the ledger was told.
    """
    from worker.errors import BrokerUnavailable
    from worker.task_queue import workflow
    from worker.task_queue.app import make_app

    app = make_app(load_settings(), publisher_only=True)
    try:
        workflow.enqueue(app, [workflow.prepare(app, ref.session_id, ref.version, sent_at=sent_at) for ref in sessions])
    except BrokerUnavailable:
        return False
    return True
