"""Once all of a session's learnings are done or given up: layer 4, the values, and the message to the event log."""

from typing import Any

import structlog

from worker.domain import AttributionRecord, SessionVersion
from worker.errors import NotFound, Superseded, Unavailable
from worker.event_log.protocol import TopicName
from worker.events import attempt_id, read_heavy_event, read_lightweight_event, session_attributed
from worker.ledger import OutboxMessage, SessionState, SessionWork
from worker.publishing import drain_outbox
from worker.records import from_bytes
from worker.resources import Resources
from worker.store.protocol import FinishedSession
from worker.tasks.failing import finish_failed, reason_of
from worker.tasks.shared import Outcome, left_to_sweeper, now, patiently, superseded

log = structlog.get_logger()


def finish(parts: Resources, session_id: str, version: SessionVersion) -> Outcome:
    try:
        if patiently(parts, parts.ledger.work.remaining, session_id, version):
            return {"state": "early"}
        work = patiently(parts, parts.ledger.work.load_work, session_id, version)
        if work.state not in (SessionState.ATTRIBUTING, SessionState.FINISHED):
            return {"state": "early" if work.state is SessionState.RECEIVED else str(work.state)}
        finished = work.state is SessionState.ATTRIBUTING and _finish(parts, work)
        drain_outbox(parts.ledger, parts.event_log, session_id=session_id, now=now())
        parts.bundles.drop(session_id, version)
    except (Superseded, NotFound) as reason:
        return superseded(parts, session_id, version, reason)
    except Unavailable as reason:
        return left_to_sweeper(reason, session_id=session_id)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is this session's failure alone
        return finish_failed(parts, session_id, version, reason_of(error))
    return {"state": "finished" if finished else "finished already"}


def _finish(parts: Resources, work: SessionWork) -> bool:
    """Store first, ledger second: a crash between the two repeats it, and the same records change nothing."""
    session_id, version = work.session_id, work.version
    records = list(map(from_bytes, patiently(parts, parts.ledger.work.records, session_id, version)))
    result = patiently(parts, parts.store.finish_session, session_id, version, records=records)
    for decision in result.deprecations:
        log.info("learning_deprecated", learning_id=decision.learning_id, session_id=session_id, reason=decision.reason)
    for learning_id, reason in result.refused.items():
        log.warning("learning_failed", session_id=session_id, learning_id=learning_id, reason=reason)
    moment = now()
    taken = [record for record in records if record.learning_id not in result.refused]
    message = _message(parts, work, [*taken, *result.kept], result, moment)
    return patiently(
        parts, parts.ledger.work.finish, session_id, version, now=moment, message=message, refused=result.refused
    )


def _message(
    parts: Resources, work: SessionWork, records: list[AttributionRecord], result: FinishedSession, moment: int
) -> OutboxMessage:
    payload = session_attributed(
        version=work.version,
        session_id=work.session_id,
        records=sorted(records, key=lambda record: record.learning_id),
        lightweight_events=_heard(work),
        values=result.values,
        deprecations=result.deprecations,
        published_at=moment,
    )
    out = TopicName.parse(parts.settings.streams.attributed)
    return OutboxMessage(
        message_id=attempt_id(work.version), stream=out.stream, topic=out.topic, key=work.session_id, payload=payload
    )


def _heard(work: SessionWork) -> list[dict[str, Any]]:
    event = read_heavy_event(work.payload, logged_at=work.logged_at)
    if event.lightweight_events:
        return [heard.model_dump(mode="json", exclude_none=True) for heard in event.lightweight_events]
    return [read_lightweight_event(payload).model_dump(mode="json", exclude_none=True) for payload in work.lightweight]
