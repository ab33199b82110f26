"""What all learnings share, made anew now and then while the server lives."""

import asyncio

import structlog

from worker.errors import GrooveError
from worker.store.server.dependencies import Serving

_log = structlog.get_logger(__name__)


async def keep_fresh(serving: Serving, *, every_s: float) -> None:
    """Never ends; a refresh that fails is logged, and the next one tries again."""
    while True:
        await asyncio.sleep(every_s)
        try:
            changed = await serving.runner.run("refresh", serving.store.refresh_values, is_long=True)
        except GrooveError as error:
            _log.warning("store.refresh_failed", reason=str(error))
        else:
            _log.info("store.refreshed", changed=changed)
