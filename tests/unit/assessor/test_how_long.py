"""How long a verdict takes is told from imported sessions: those of the last month, and how much their outcomes differ."""

from pathlib import Path

import pytest
from unit.assessor.told_sessions import replies, says, session

from assessor.archive import open_archive
from assessor.edits import EditLog
from worker.cli.support.how_long import MONTH_DAYS, how_long
from worker.formats.transcripts.copies import footprint
from worker.layers.aggregation.first_verdict import sessions_to_first_verdict
from worker.settings import Settings
from worker.system.clock import DAY, now_micros

PROJECT = Path("/w")


def keep(settings: Settings, number: int, *, days_ago: int, outcome: float, project: Path = PROJECT) -> None:
    told = session(says("do it"), replies("done"), session_id=f"s{number}", started_at=now_micros() - days_ago * DAY)
    with open_archive(settings.data_dir / "sessions") as archive:
        archive.keep(told, project=str(project), footprint=footprint(told), edits=EditLog())
        archive.assessed(told.session_id, {"outcome": outcome})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_without_sessions_no_days_are_told(settings: Settings) -> None:
    """Nor from those of another project."""
    keep(settings, 1, days_ago=1, outcome=1.0, project=Path("/elsewhere"))
    found = how_long(settings, PROJECT, together=5)
    assert (found.sessions, found.days) == (sessions_to_first_verdict(together=5, parameters=settings.layers), None)


def test_the_last_month_gives_the_rate_and_outcomes_their_variance(settings: Settings) -> None:
    """Sessions that all went alike need fewer; old ones say nothing about the rate."""
    for number in range(30):
        keep(settings, number, days_ago=1 if number < 15 else 90, outcome=0.5 if number % 2 else 0.6)
    found = how_long(settings, PROJECT, together=1)
    assert found.sessions is not None
    assert found.sessions < (sessions_to_first_verdict(together=1, parameters=settings.layers) or 0)
    assert found.days == -(-found.sessions * MONTH_DAYS // 15)
