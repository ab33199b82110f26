"""Once all of a session's learnings are done or given up: records -> store, and the message to the event log."""

from typing import Any

import structlog

from worker.domain import SessionVersion
from worker.errors import NotFound, Superseded, Unavailable
from worker.event_log.protocol import TopicName
from worker.formats.heavy_event import read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.record import from_bytes
from worker.formats.session_attributed import attempt_id, session_attributed
from worker.ledger import EndedSession, OutboxMessage, SessionState
from worker.publish_outbox import drain_outbox
from worker.resources import Resources
from worker.system.clock import now_micros
from worker.tasks.failures import finish_failed, reason_of
from worker.tasks.shared import Outcome, left_to_sweeper, patiently, superseded

log = structlog.get_logger()


def finish(resources: Resources, session_id: str, version: SessionVersion) -> Outcome:
    try:
        ended = patiently(resources, resources.ledger.work.load_ended, session_id, version)
        if ended.open_entries or ended.state is SessionState.RECEIVED:
            return {"state": "early"}
        if ended.state not in (SessionState.ATTRIBUTING, SessionState.FINISHED):
            return {"state": str(ended.state)}
        finished = ended.state is SessionState.ATTRIBUTING and _finish(resources, session_id, version, ended)
        drain_outbox(resources.ledger, resources.event_log, session_id=session_id)
        resources.bundles.drop(session_id, version)
    except (Superseded, NotFound) as reason:
        return superseded(resources, session_id, version, reason)
    except Unavailable as reason:
        return left_to_sweeper(reason, session_id=session_id)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this session's failure alone
        return finish_failed(resources, session_id, version, reason_of(error))
    return {"state": "finished" if finished else "finished already"}


def _finish(resources: Resources, session_id: str, version: SessionVersion, ended: EndedSession) -> bool:
    """Store first, ledger second: a crash between the two repeats it, and the same records change nothing."""
    records = list(map(from_bytes, ended.records))
    result = patiently(resources, resources.store.finish_session, session_id, version, records=records)
    for decision in result.deprecations:
        log.info("learning_deprecated", learning_id=decision.learning_id, session_id=session_id, reason=decision.reason)
    for learning_id, reason in result.refused.items():
        log.warning("learning_failed", session_id=session_id, learning_id=learning_id, reason=reason)
    taken = [record for record in records if record.learning_id not in result.refused]
    payload = session_attributed(
        version=version,
        session_id=session_id,
        records=sorted([*taken, *result.kept], key=lambda record: record.learning_id),
        lightweight_events=_heard(ended),
        values=result.values,
        deprecations=result.deprecations,
        published_at=now_micros(),
    )
    out = TopicName.parse(resources.settings.streams.attributed)
    message = OutboxMessage(
        message_id=attempt_id(version), stream=out.stream, topic=out.topic, key=session_id, payload=payload
    )
    return patiently(
        resources, resources.ledger.work.finish, session_id, version, message=message, refused=result.refused
    )


def _heard(ended: EndedSession) -> list[dict[str, Any]]:
    """The session's lightweight events: the heavy event's own, or those that came beside it."""
    if ended.payload is not None:
        own = read_heavy_event(ended.payload, logged_at=ended.logged_at).lightweight_events or ()
        return [heard.model_dump(mode="json", exclude_none=True) for heard in own]
    return [read_lightweight_event(payload).model_dump(mode="json", exclude_none=True) for payload in ended.lightweight]
