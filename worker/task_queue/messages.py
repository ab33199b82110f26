"""What stands in our messages: queues, a header, a session's version as JSON. Reading them needs no Celery."""

from typing import Any

from worker.domain import SessionVersion

EMBEDDING = "embedding"
ATTRIBUTION = "attribution"
#: whoever attributes finishes too, and first: behind a backlog of other sessions' learnings, each session would wait for all of them
FINISHING = "finishing"
#: what is nearly done first
QUEUES = (FINISHING, ATTRIBUTION, EMBEDDING)

#: message header: when its work was sent, by the ledger's clock, microseconds; the sweeper reads it off the oldest queued message
SENT_AT = "groove_sent_at"

#: a session's version as JSON: [timestamp, event_id, attempt]
WireVersion = list[Any]


def to_wire(version: SessionVersion) -> WireVersion:
    return [version.timestamp, version.event_id, version.attempt]


def from_wire(version: WireVersion) -> SessionVersion:
    timestamp, event_id, attempt = version
    return SessionVersion(timestamp=timestamp, event_id=event_id, attempt=attempt)


def named_session(args: Any) -> tuple[str, SessionVersion] | None:
    """The session that a task's arguments name; None where they are not what our tasks are sent with."""
    try:
        session_id, version, *_ = args
        timestamp, event_id, attempt = version
    except (TypeError, ValueError):
        return None
    if not all(isinstance(text, str) for text in (session_id, event_id)):
        return None
    if not all(isinstance(number, int) for number in (timestamp, attempt)):
        return None
    return session_id, SessionVersion(timestamp=timestamp, event_id=event_id, attempt=attempt)
