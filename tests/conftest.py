"""Fixtures live by the part they belong to, in tests/fixtures (this folder is on the path: it holds the conftest)."""

import os
import shutil
import tempfile

import pytest

pytest_plugins = ["fixtures.broker", "fixtures.iggy", "fixtures.ledger", "fixtures.postgresql"]


def pytest_configure(config: pytest.Config) -> None:
    """One cache folder for a whole run, which its processes share and nobody else: the model is converted in it once."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="groove-tests-cache-")
        os.environ["XDG_CACHE_HOME"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
