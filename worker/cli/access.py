"""What commands work with: settings, ledger, event log, and a store that is started when none runs."""

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from worker.settings import Settings, load_settings

if TYPE_CHECKING:
    from worker.store.protocol import AttributionStore


def now() -> int:
    return time.time_ns() // 1000


def actor() -> str:
    """Who decides, for the decision log."""
    import getpass

    return getpass.getuser()


@contextlib.contextmanager
def open_store(settings: Settings | None = None) -> Iterator["AttributionStore"]:
    """The store in use; embedded and not running, it is started for the length of the block."""
    from worker.local import parts
    from worker.local.stack import running_store
    from worker.store.client import HttpStore

    settings = settings or load_settings()
    is_ours = settings.store.url is None and not parts.store_accepts(settings)
    with running_store(settings) if is_ours else contextlib.nullcontext():
        store = HttpStore(settings.store_url, token=settings.write_token() or "")
        try:
            yield store
        finally:
            store.close()
