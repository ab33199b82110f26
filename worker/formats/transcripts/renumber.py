"""A session made of chosen messages of one or more sessions, everything that is known per message numbered anew."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from worker.domain import Transcript
from worker.formats.transcripts.session import Place, ReadSession

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pick:
    """One message of a session that is to stand in the new one."""

    session: ReadSession
    message_idx: int
    #: id of the subagent it is folded in from; "" leaves what the session says
    subagent: str = ""


def assemble(base: ReadSession, picks: Sequence[Pick]) -> ReadSession:
    """`base` with these messages in this order. Rules and interruptions are those of `base`, moved to what follows and precedes them."""
    places = {pick.message_idx: idx for idx, pick in enumerate(picks) if pick.session is base}
    times = tuple(_of(pick.session.times, pick.message_idx) for pick in picks)
    known = [time for time in times if time is not None]
    messages = (
        replace(pick.session.transcript.messages[pick.message_idx], message_idx=idx) for idx, pick in enumerate(picks)
    )
    return replace(
        base,
        transcript=Transcript(messages=tuple(messages)),
        speakers=_moved(picks, [pick.session.speakers for pick in picks]),
        subagents=_subagents(picks),
        times=times,
        started_at=min(known, default=base.started_at),
        ended_at=max(known, default=base.ended_at),
        exit_codes=_moved_places(picks, lambda session: session.exit_codes),
        refusals=_moved_places(picks, lambda session: session.refusals),
        answers=_moved_answers(picks),
        line_ids=tuple(_of(pick.session.line_ids, pick.message_idx) or "" for pick in picks),
        interruptions=tuple(places[idx] for idx in base.interruptions if idx in places),
        rules=tuple(replace(rules, message_idx=_next(places, rules.message_idx, len(picks))) for rules in base.rules),
    )


def picks_of(session: ReadSession, message_idxs: Iterable[int], *, subagent: str = "") -> list[Pick]:
    return [Pick(session, idx, subagent) for idx in message_idxs]


def _of(values: Sequence[_T], idx: int) -> _T | None:
    return values[idx] if idx < len(values) else None


def _moved(picks: Sequence[Pick], values: Sequence[Mapping[int, _T]]) -> dict[int, _T]:
    found = zip(picks, values, strict=True)
    return {idx: known[pick.message_idx] for idx, (pick, known) in enumerate(found) if pick.message_idx in known}


def _subagents(picks: Sequence[Pick]) -> dict[int, str]:
    named = ((idx, pick.subagent or pick.session.subagents.get(pick.message_idx, "")) for idx, pick in enumerate(picks))
    return {idx: subagent for idx, subagent in named if subagent}


def _moved_places(picks: Sequence[Pick], of: Callable[[ReadSession], Mapping[Place, _T]]) -> dict[Place, _T]:
    numbers = _numbers(picks)
    sessions = {id(pick.session): pick.session for pick in picks}
    return {
        (numbers[key, idx], place): value
        for key, session in sessions.items()
        for (idx, place), value in of(session).items()
        if (key, idx) in numbers
    }


def _moved_answers(picks: Sequence[Pick]) -> dict[Place, Place]:
    """An answer whose call was not picked stands for itself."""
    numbers = _numbers(picks)
    found: dict[Place, Place] = {}
    for session in {id(pick.session): pick.session for pick in picks}.values():
        for answer, call in session.answers.items():
            if (at := numbers.get((id(session), answer[0]))) is not None:
                own = (at, answer[1])
                called = numbers.get((id(session), call[0]))
                found[own] = own if called is None else (called, call[1])
    return found


def _numbers(picks: Sequence[Pick]) -> dict[tuple[int, int], int]:
    """(session, message_idx) -> message_idx in the new one."""
    return {(id(pick.session), pick.message_idx): idx for idx, pick in enumerate(picks)}


def _next(places: Mapping[int, int], message_idx: int, end: int) -> int:
    """Where the first kept message from `message_idx` on stands now."""
    return min((place for idx, place in places.items() if idx >= message_idx), default=end)
