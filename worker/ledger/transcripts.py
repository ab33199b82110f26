"""Transcripts that did not come inside their events: read from a file later, or imported by hand."""

from sqlalchemy import Connection, bindparam, select, update

from worker.ledger.blob import pack, unpack
from worker.ledger.database import Database, insert_into
from worker.ledger.forget import forgotten_among
from worker.ledger.schema import Session, Transcript
from worker.ledger.sessions import SessionRef, fresh, note, ref_of
from worker.ledger.states import SessionState

#: counts for whichever event of the session is in force
BY_HAND = ""


_FIND = (
    select(Transcript.transcript)
    .where(Transcript.session_id == bindparam("of_session"))
    .where(Transcript.event_id.in_([bindparam("of_event"), BY_HAND]))
    .order_by(Transcript.event_id.desc())
    .limit(1)
)


class Transcripts:
    _database: Database

    def save_transcript(self, session_id: str, transcript: bytes, *, event_id: str = BY_HAND) -> SessionRef | None:
        """Keep it -> the session that can be prepared now, if it was waiting for it.

        `event_id` names the event whose `transcript_path` it was read from: a later event of the session has to read again. Of a
        session that was forgotten nothing is kept.
        """
        row = {"session_id": session_id, "event_id": event_id, "transcript": pack(transcript)}
        with self._database.write(durable=True) as connection:
            if forgotten_among(connection, [session_id]):
                return None
            insert = insert_into(connection, Transcript).values(row)
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=[Transcript.session_id, Transcript.event_id],
                    set_={"transcript": insert.excluded.transcript},
                )
            )
            return _wake(connection, session_id, event_id, self._database.clock(connection))


def find_transcript(connection: Connection, session_id: str, event_id: str) -> bytes | None:
    """The event's own before the one that was imported by hand."""
    packed = connection.scalar(_FIND, {"of_session": session_id, "of_event": event_id})
    return None if packed is None else unpack(packed)


def _wake(connection: Connection, session_id: str, event_id: str, now: int) -> SessionRef | None:
    waiting = update(Session).where(Session.session_id == session_id, Session.state == SessionState.WAITING)
    if event_id != BY_HAND:
        waiting = waiting.where(Session.event_id == event_id)
    columns = (Session.session_id, Session.timestamp, Session.event_id, Session.attempt)
    row = connection.execute(waiting.values(**fresh(now)).returning(*columns)).one_or_none()
    if row is None:
        return None
    ref = ref_of(row)
    note(connection, [ref], "transcript came", now)
    return ref
