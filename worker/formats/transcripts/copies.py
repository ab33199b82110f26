"""Sessions that hold lines of other sessions: forks, branches and background copies are counted once, each by its own part.

A fork's file begins with its parent's lines under the same ids, and names no parent. Which session a shared line belongs to is decided
over all sessions at once, from their footprints; then each keeps what is its own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from worker.formats.transcripts.renumber import assemble, picks_of
from worker.formats.transcripts.session import ReadSession


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """What has to be known of a session to find its copies; small, so that those of all sessions fit into memory."""

    #: names the file, or whatever the session was read from
    key: str
    session_id: str
    line_ids: frozenset[str]
    ended_at: int | None = None
    #: the harness itself calls it a continuation of another
    is_a_child: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shared:
    """What a session holds of others."""

    #: key of the footprint that most of it belongs to
    owner: str
    line_ids: frozenset[str]
    is_all: bool


def footprint(session: ReadSession, *, key: str = "") -> Footprint:
    return Footprint(
        key=key or session.session_id,
        session_id=session.session_id,
        line_ids=frozenset(f"{session.harness} {line_id}" for line_id in session.line_ids if line_id),
        ended_at=session.ended_at,
        is_a_child=session.is_background or session.parent_id is not None,
    )


def shared_lines(footprints: Iterable[Footprint]) -> dict[str, Shared]:
    """Key -> what it holds of others, for each session that holds any.

    The session that ended first owns what it shares, since a copy goes on where the original stopped; a continuation owns nothing
    that another session has. Of several accounts of one session the longest counts.
    """
    known = list(footprints)
    longest: dict[str, Footprint] = {}
    for one in known:
        longest[one.session_id] = max(longest.get(one.session_id, one), one, key=lambda account: len(account.line_ids))
    owners: dict[str, str] = {}
    found: dict[str, Shared] = {}
    for one in sorted(known, key=lambda one: (longest[one.session_id] is not one, *_age(one))):
        shared = frozenset(line_id for line_id in one.line_ids if line_id in owners)
        if shared:
            owner = Counter(owners[line_id] for line_id in sorted(shared)).most_common(1)[0][0]
            found[one.key] = Shared(owner=owner, line_ids=shared, is_all=shared == one.line_ids)
        owners.update(dict.fromkeys(one.line_ids - shared, one.key))
    return found


def _age(one: Footprint) -> tuple[bool, int, int, str]:
    return one.is_a_child, one.ended_at or 0, len(one.line_ids), one.key


def families(shared: Mapping[str, Shared]) -> list[frozenset[str]]:
    """Sessions that hold lines of each other, directly or by way of others."""
    members: dict[str, set[str]] = {}
    for key, lines in shared.items():
        joined = members.get(key, {key}) | members.get(lines.owner, {lines.owner})
        members.update(dict.fromkeys(joined, joined))
    return sorted({frozenset(family) for family in members.values()}, key=sorted)


def own_part(session: ReadSession, shared: Shared | None) -> ReadSession | None:
    """The session without what belongs to others; None where nothing is left: it is a copy of `shared.owner`."""
    if shared is None:
        return session
    kept = [
        idx for idx, line_id in enumerate(session.line_ids) if f"{session.harness} {line_id}" not in shared.line_ids
    ]
    return assemble(session, picks_of(session, kept)) if kept else None
