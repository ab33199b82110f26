"""How long a verdict will take of what is about to be drawn, from the sessions that were imported of a project."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import pvariance

from assessor.archive import SessionEntry, open_archive
from worker.layers.aggregation.first_verdict import sessions_to_first_verdict
from worker.settings import Settings
from worker.system.clock import DAY

#: days back over which sessions are counted
DAYS = 28
#: outcomes from which on their variance says more than what is expected before any
_ENOUGH = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class HowLong:
    #: half of the effects that there may be take longer; None: over the cap, or nothing is withheld
    sessions: int | None
    #: at the rate of the last 28 days; None where there was no session, or the sessions are not known
    days: int | None


def how_long(settings: Settings, project: Path, *, together: int, now: int) -> HowLong:
    """Of one unit: a learning by itself, or a section of so many learnings. Reads the archive of imported sessions, if there is one."""
    folder = settings.data_dir / "sessions"
    entries: Sequence[SessionEntry] = ()
    if folder.is_dir():
        with open_archive(folder) as archive:
            entries = archive.sessions(str(project))
    outcomes = [value for entry in entries if (value := entry.assessment.get("outcome")) is not None]
    needed = sessions_to_first_verdict(
        together=together,
        parameters=settings.layers,
        outcome_variance=pvariance(outcomes) if len(outcomes) >= _ENOUGH else None,
    )
    recent = sum((entry.started_at or 0) >= now - DAYS * DAY for entry in entries)
    return HowLong(sessions=needed, days=math.ceil(needed / recent * DAYS) if needed and recent else None)
