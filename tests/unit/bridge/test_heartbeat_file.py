"""The heartbeat that a health check reads."""

import os
import time
from pathlib import Path

from click.testing import CliRunner

from worker.cli.health import health_command
from worker.errors import Unavailable
from worker.liveness.heartbeat_file import HeartbeatFile, heartbeat_age, heartbeat_file, heartbeat_waits
from worker.settings import Settings


def test_a_part_shows_life_and_then_does_not(tmp_path: Path) -> None:
    """No file: it does not run here. A touch is seen at once; a part that ends takes its file away."""
    settings = Settings(data_dir=tmp_path)
    assert heartbeat_age(settings, "bridge") is None
    heartbeat = HeartbeatFile(settings, "bridge")
    heartbeat.beat()
    age = heartbeat_age(settings, "bridge")
    assert age is not None
    assert age < 60
    heartbeat.stop()
    assert heartbeat_age(settings, "bridge") is None


def test_the_health_command_tells_by_its_status(tmp_path: Path) -> None:
    """0 while the part goes round, an error in one line when it hangs or is not there."""
    environ = {"GROOVE_DATA_DIR": str(tmp_path)}
    settings = Settings(data_dir=tmp_path)
    not_there = CliRunner().invoke(health_command, ["bridge"], env=environ)
    assert isinstance(not_there.exception, Unavailable)
    HeartbeatFile(settings, "bridge").beat()
    assert CliRunner().invoke(health_command, ["bridge"], env=environ).exit_code == 0
    long_ago = time.time() - 100
    os.utime(heartbeat_file(settings, "bridge"), (long_ago, long_ago))
    stuck = CliRunner().invoke(health_command, ["bridge"], env=environ)
    assert isinstance(stuck.exception, Unavailable)
    assert "no heartbeat" in str(stuck.exception)


def test_a_part_that_waits_for_another_is_not_well_for_ever(tmp_path: Path) -> None:
    """It goes round all the same: only after the patience does the check say since when, and for what; then it is well again at once."""
    environ = {"GROOVE_DATA_DIR": str(tmp_path)}
    heartbeat = HeartbeatFile(Settings(data_dir=tmp_path), "bridge")
    heartbeat.beat("the broker does not answer")
    assert CliRunner().invoke(health_command, ["bridge"], env=environ).exit_code == 0
    heartbeat_file(Settings(data_dir=tmp_path), "bridge").write_text(f"{time.time() - 100} the broker does not answer")
    waiting = CliRunner().invoke(health_command, ["bridge"], env=environ)
    assert isinstance(waiting.exception, Unavailable)
    assert "has waited for 100 s: the broker does not answer" in str(waiting.exception)
    heartbeat.beat()
    assert heartbeat_waits(Settings(data_dir=tmp_path), "bridge") is None
