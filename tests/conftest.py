"""Fixtures live by the part they belong to, in tests/fixtures (this folder is on the path: it holds the conftest)."""

import logging
import os
import tempfile
from collections.abc import Iterator

import pytest
import structlog
from fixtures import reaper

pytest_plugins = [
    "fixtures.broker",
    "fixtures.iggy",
    "fixtures.language_models",
    "fixtures.ledger",
    "fixtures.postgresql",
    "fixtures.team",
]


def pytest_configure(config: pytest.Config) -> None:
    """One folder for all that a run writes, and one cache in it, which its processes share and nobody else: the model is converted once."""
    if not hasattr(config, "workerinput"):
        folder = reaper.begin()
        # short: sockets lie below it
        config.option.basetemp = config.option.basetemp or str(folder / "t")
        # runs find their processes by command line, which Celery writes over where setproctitle is installed
        os.environ["NOSETPS"] = "1"
        os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="cache-")


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """A command that runs within a test configures the logs of its process; the next test has the usual ones again."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        root.handlers = handlers
        root.setLevel(level)
