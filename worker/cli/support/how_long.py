"""How long a verdict will take of what is about to be drawn, from the sessions that were imported of a project."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import pvariance

from assessor.archive import SessionEntry, open_archive
from worker.cli.support.known_rules import FOLDER
from worker.layers.aggregation.first_verdict import sessions_to_first_verdict
from worker.settings import Settings
from worker.system.clock import DAY, now_micros

MONTH_DAYS = 30
#: outcomes from which on their variance says more than what is expected before any
_ENOUGH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class HowLong:
    #: half of the effects that there may be take longer; None: over the cap, or nothing is withheld
    sessions: int | None
    #: at the rate of the last month; None where there was no session, or the sessions are not known
    days: int | None


def how_long(settings: Settings, project: Path, *, together: int) -> HowLong:
    """How long one unit needs to its first verdict: a learning by itself, or a section of so many learnings."""
    outcomes = [each for entry in _sessions(settings, project) if (each := entry.assessment.get("outcome")) is not None]
    needed = sessions_to_first_verdict(
        together=together,
        parameters=settings.layers,
        outcome_variance=pvariance(outcomes) if len(outcomes) >= _ENOUGH else None,
    )
    a_month = sessions_of_a_month(settings, project)
    return HowLong(sessions=needed, days=math.ceil(needed / a_month * MONTH_DAYS) if needed and a_month else None)


def sessions_of_a_month(settings: Settings, project: Path) -> float | None:
    """The project's sessions of the last month, as `groove import` has read them; None where it has read none."""
    since = now_micros() - MONTH_DAYS * DAY
    return float(sum((entry.started_at or 0) >= since for entry in _sessions(settings, project))) or None


def _sessions(settings: Settings, project: Path) -> Sequence[SessionEntry]:
    if not (settings.data_dir / FOLDER).is_dir():
        return ()
    with open_archive(settings.data_dir / FOLDER) as archive:
        return archive.sessions(str(project))
