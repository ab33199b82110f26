"""The ledger's tables, typed; `migrations/` holds how a database gets there.

event ── payload            what was received, once each; ids outlive the payloads
session ── entry            the work: a version and its state, and what is expected of it, learning by learning
        ── lightweight_event, transcript, session_step
outbox, dead_letter         what has to go out, and what could not come in
forgotten                   what is never taken in again
log_partition, replica      how far each partition of the event log was read, by whom, and who is alive

All times are microseconds since 1970, UTC, by the database's clock; an event's `timestamp` and `logged_at` come with it.
A version is (timestamp, event_id, attempt); texts compare byte by byte on both databases.
"""

from sqlalchemy import BigInteger, Double, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
_Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only its own INTEGER


class Base(DeclarativeBase):
    type_annotation_map = {str: _Bytewise, int: BigInteger, bytes: LargeBinary}  # noqa: RUF012 - SQLAlchemy's own name


class Event(Base):
    """A heavy event that was received; its row stays when the payload goes, or a rewound log would bring it back as new."""

    __tablename__ = "event"
    event_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    timestamp: Mapped[int]
    received_at: Mapped[int]
    #: when the log took it: stands in for a missing timestamp when the payload is decoded again
    logged_at: Mapped[int]
    #: its place in the event log; empty and −1 when it came by hand
    stream: Mapped[str]
    topic: Mapped[str]
    partition: Mapped[int]
    offset: Mapped[int]
    #: in force at receipt, so that a later change of the setting changes no record
    ablation_rate: Mapped[float] = mapped_column(Double)
    __table_args__ = (Index("event_session", "session_id"),)


class Payload(Base):
    __tablename__ = "payload"
    event_id: Mapped[str] = mapped_column(primary_key=True)
    #: zstd
    payload: Mapped[bytes]


class Session(Base):
    __tablename__ = "session"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    timestamp: Mapped[int]
    event_id: Mapped[str]
    attempt: Mapped[int]
    state: Mapped[str]
    #: 1: the heavy event carries lightweight events of its own, and those win
    own_signals: Mapped[int]
    received_at: Mapped[int]
    #: when the task that it waits for was last enqueued, or put off to `next_try_at`
    sent_at: Mapped[int]
    #: how often that task was enqueued
    sends: Mapped[int]
    #: when a preparation began that has not ended yet
    started_at: Mapped[int | None]
    prepared_at: Mapped[int | None]
    finished_at: Mapped[int | None]
    next_try_at: Mapped[int | None]
    #: late lightweight events: a new attempt begins then
    reopen_at: Mapped[int | None]
    tries: Mapped[int]
    reason: Mapped[str]
    __table_args__ = (
        Index("session_state", "state", "sent_at"),
        Index(
            "session_reopen",
            "reopen_at",
            sqlite_where=text("reopen_at IS NOT NULL"),
            postgresql_where=text("reopen_at IS NOT NULL"),
        ),
    )


class Entry(Base):
    """One learning expected of one session's version in force; those of an older version are deleted when it is replaced."""

    __tablename__ = "entry"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    learning_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str]
    attempt: Mapped[int]
    state: Mapped[str]
    #: how often the work itself failed
    tries: Mapped[int]
    sends: Mapped[int]
    reason: Mapped[str]
    sent_at: Mapped[int]
    next_try_at: Mapped[int | None]
    started_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    #: what the learning's task found out, until the session is finished
    record: Mapped[bytes | None]
    __table_args__ = (
        Index(
            "entry_failed",
            "learning_id",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
        {"sqlite_with_rowid": False},
    )


class Lightweight(Base):
    __tablename__ = "lightweight_event"
    #: UUIDv5 of the payload
    event_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str]
    timestamp: Mapped[int]
    message_idx: Mapped[int]
    received_at: Mapped[int]
    #: None when pruned
    payload: Mapped[bytes | None]
    __table_args__ = (Index("lightweight_session", "session_id"),)


class Transcript(Base):
    """A transcript that did not come inside its event."""

    __tablename__ = "transcript"
    session_id: Mapped[str] = mapped_column(primary_key=True)
    #: the event whose `transcript_path` it was read from; empty: imported by hand, for whichever event
    event_id: Mapped[str] = mapped_column(primary_key=True)
    #: zstd
    transcript: Mapped[bytes]


class SessionStep(Base):
    """What happened to a session, for people."""

    __tablename__ = "session_step"
    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    session_id: Mapped[str]
    event_id: Mapped[str]
    attempt: Mapped[int]
    step: Mapped[str]
    at: Mapped[int]
    detail: Mapped[str]
    __table_args__ = (Index("step_session", "session_id"),)


class OutboxRow(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    message_id: Mapped[str]
    session_id: Mapped[str]
    timestamp: Mapped[int]
    event_id: Mapped[str]
    attempt: Mapped[int]
    stream: Mapped[str]
    topic: Mapped[str]
    key: Mapped[str]
    #: zstd
    payload: Mapped[bytes]
    created_at: Mapped[int]
    sent_at: Mapped[int | None]
    __table_args__ = (
        UniqueConstraint("message_id", name="outbox_message"),
        Index("outbox_session", "session_id"),
        Index("outbox_unsent", "id", sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL")),
    )


class DeadLetterRow(Base):
    __tablename__ = "dead_letter"
    id: Mapped[int] = mapped_column(_Serial, primary_key=True)
    kind: Mapped[str]
    #: of kind "session" only; else empty
    session_id: Mapped[str]
    stream: Mapped[str]
    topic: Mapped[str]
    partition: Mapped[int]
    offset: Mapped[int]
    reason: Mapped[str]
    payload: Mapped[bytes]
    #: tells two messages apart that stood at one place, before and after a rewind
    digest: Mapped[str]
    at: Mapped[int]
    state: Mapped[str]
    __table_args__ = (
        UniqueConstraint("stream", "topic", "partition", "offset", "digest", name="dead_letter_place"),
        Index("dead_letter_session", "session_id"),
    )


class Forgotten(Base):
    """A session that a person had forgotten: whatever the log still brings of it is left out."""

    __tablename__ = "forgotten"
    #: SHA-256 of its id, in hexadecimal digits: nothing else stays
    digest: Mapped[str] = mapped_column(Text, primary_key=True)


class LogPartition(Base):
    __tablename__ = "log_partition"
    stream: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: where to read on, and the id of the message just before it
    position: Mapped[int]
    last_id: Mapped[str | None]
    #: who may move it; the epoch rises with every change of owner
    owner: Mapped[str | None]
    epoch: Mapped[int]
    lease_until: Mapped[int]
    rewinds: Mapped[int]
    gaps: Mapped[int]


class Replica(Base):
    __tablename__ = "replica"
    name: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[int]
