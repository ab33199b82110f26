"""Each test works in a folder of its own, and nothing it started may be alive when it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.groove_command import Groove


@pytest.fixture
def groove(tmp_path: Path) -> Iterator[Groove]:
    command = Groove(folder=tmp_path)
    yield command
    left = command.processes()
    command.end()
    assert not left, f"left behind: {left}"
