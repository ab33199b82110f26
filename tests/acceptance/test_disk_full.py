"""A disk without room: the embedded stack bears it, the doctor says so, and with room again the work goes on."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance.groove_command import Groove
from acceptance.small_sessions import sessions, write_events, write_learnings
from fixtures.waiting import wait_until

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk"),
]


@pytest.fixture
def small_disk(groove: Groove) -> Iterator[Path]:
    """The data folder is a disk of 40 MB in memory."""
    place = groove.folder / ".groove"
    place.mkdir(mode=0o700)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "tmpfs", place], check=False)
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    yield place
    groove.end()
    subprocess.run(["umount", place], check=True)


def fill(file: Path) -> None:
    with file.open("wb") as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(65536))
            stream.flush()


def test_a_full_disk_ends_nothing(groove: Groove, small_disk: Path, tmp_path: Path) -> None:
    """No part dies of it, however often it meets it; what could not be taken is refused, and taken afterwards."""
    events, log = write_events(tmp_path / "events.jsonl", sessions(1)), tmp_path / "log"
    groove("learnings", "import", write_learnings(tmp_path / "learnings.jsonl"))
    with log.open("wb") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "worker.cli", "up"],
            cwd=groove.folder,
            env=groove.environ(GROOVE_LOCAL__WORKERS="1", GROOVE_LOG__FORMAT="json"),
            stdout=output,
            stderr=output,
        )
    wait_until(lambda: b"partitions_held" in log.read_bytes(), "the bridge works", seconds=200)
    wait_until(lambda: b" ready." in log.read_bytes(), "the worker is there", seconds=200)
    fill(small_disk / "filling")
    wait_until(lambda: not published(groove, events), "the event log refuses", seconds=100)
    wait_until(lambda: b"bridge_waits" in log.read_bytes(), "the bridge meets it", seconds=200)
    wait_until(lambda: b"broker_refuses" in log.read_bytes(), "the worker meets it", seconds=200)
    assert "BAD  room on the disk: 0 MB" in groove("doctor", status=1)
    assert b"part_restarted" not in log.read_bytes()
    assert up.poll() is None
    (small_disk / "filling").unlink()
    wait_until(lambda: published(groove, events), "there is room again", seconds=60)
    wait_until(lambda: states(groove) == ["finished"], "the session is done", seconds=300)
    assert b"part_restarted" not in log.read_bytes()


def states(groove: Groove) -> list[str]:
    """Empty while the bridge has not yet taken in what was published."""
    return [session["state"] for session in groove.json("sessions", "list")]


def published(groove: Groove, events: Path) -> bool:
    command = [sys.executable, "-m", "worker.cli", "publish", str(events)]
    return subprocess.run(command, env=groove.environ(), capture_output=True, check=False).returncode == 0
