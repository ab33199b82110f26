"""The embedded stack looks after its parts: what dies is started again, but not for ever."""

import os
from pathlib import Path

import pytest

from worker.errors import Unavailable
from worker.local.process import ChildProcess
from worker.local.stack import Stack
from worker.settings import load_settings


@pytest.mark.timeout(30)
def test_a_part_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    """After `local.max_restarts` restarts the stack ends, and says which part, how it ended and where its log is."""
    log = tmp_path / "part.log"
    part = ChildProcess(name="part", command=["sh", "-c", "echo started; exit 3"], environ=os.environ, log=log)
    settings = load_settings({"GROOVE_LOCAL__MAX_RESTARTS": "2", "GROOVE_DATA_DIR": str(tmp_path)})
    stack = Stack(settings, [part])
    stack.start()
    with pytest.raises(Unavailable, match=r"part died 3 times .* \(last status 3\): giving up; see .*part\.log"):
        stack.watch()
    stack.stop()
    assert log.read_text().splitlines() == ["started"] * 3


@pytest.mark.timeout(30)
def test_a_part_that_lives_is_left_alone(tmp_path: Path) -> None:
    """Looking after it starts nothing, and stopping the stack ends it."""
    part = ChildProcess(name="part", command=["sleep", "60"], environ=os.environ)
    stack = Stack(load_settings({"GROOVE_DATA_DIR": str(tmp_path)}), [part])
    stack.start()
    first = part.pid
    stack.look_after()
    assert (part.pid, part.is_running) == (first, True)
    stack.stop()
    assert not part.is_running
