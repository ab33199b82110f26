"""One dashboard that nobody changes, for every test that only looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.dashboard import Opened, copied, opened
from starlette.testclient import TestClient


@pytest.fixture(scope="package")
def dashboard(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    with opened(copied(filled, tmp_path_factory.mktemp("looked-at") / "d")) as found:
        yield found


@pytest.fixture
def ada(dashboard: Opened) -> TestClient:
    return dashboard.visitor()
