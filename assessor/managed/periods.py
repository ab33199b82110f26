"""Sessions that began in a period of a switchback, in the form in which a hook records what it gave: so that the rest is one path."""

from collections.abc import Iterable, Iterator

from assessor.rules.files import Family, loads
from worker.formats.hook_spool import HookEvent, SpoolRecord
from worker.formats.hook_switchback import SOURCE, Period, Switchback
from worker.formats.transcripts.session import Harness, ReadSession
from worker.system.clock import MINUTE

#: microseconds before the next writing in which nobody can tell which of both a session has read
_UNSURE = MINUTE
#: whose sessions SpecStory writes down
_EXPORTED = frozenset({Family.CURSOR, Family.AGENTS, Family.COPILOT})


def records_of(known: Switchback, sessions: Iterable[ReadSession], taken: Iterable[str] = ()) -> Iterator[SpoolRecord]:
    """`sessions` that no hook has recorded; `taken`: periods for which a session stands in the arms already.

    A draw is one observation, however many sessions share it: the first of a period stands in the arms, the others repeat it.
    """
    stood = set(taken)
    for session in sorted(sessions, key=lambda each: (each.started_at or 0, each.session_id)):
        period = _period_of(known, session)
        if period is None or session.started_at is None:
            continue
        yield SpoolRecord(
            at=session.started_at,
            event=HookEvent.SESSION_START,
            session_id=session.session_id,
            conversation_id=period.conversation_id,
            source=SOURCE,
            harness=str(session.harness),
            cwd=session.cwd or "",
            policy_version=period.policy_version,
            takes_part=True,
            is_printed=True,
            injected=period.injected,
            withheld=period.withheld,
            excluded=period.excluded,
            probabilities=period.probabilities,
            is_repeat=period.conversation_id in stood,
        )
        stood.add(period.conversation_id)


def may_be_of(known: Switchback, started_at: int | None) -> bool:
    """Whether a session that began then need be looked at."""
    return _period_at(known, started_at) is not None


def _period_of(known: Switchback, session: ReadSession) -> Period | None:
    period = _period_at(known, session.started_at)
    return period if period and any(_reads(session.harness, Family(each)) for each in period.families) else None


def _period_at(known: Switchback, at: int | None) -> Period | None:
    if at is None:
        return None
    following = [*known.periods[1:], None]
    for period, after in zip(known.periods, following, strict=True):
        is_within = period.written_at <= at <= period.seen_at
        if is_within and period.takes_part and (after is None or at < after.written_at - _UNSURE):
            return period
    return None


def _reads(harness: Harness, family: Family) -> bool:
    return loads(harness, family) or (harness is Harness.SPECSTORY and family in _EXPORTED)
