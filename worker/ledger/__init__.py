"""The truth about work, in SQL (SQLite or PostgreSQL): what was received, what is expected of it, what is done, what failed and why.

The broker is only a hint: whatever it loses is sent again from here.

partitions     positions and leases of the event log's partitions
intake         a batch's events, stored with the new position in one transaction
work           what tasks do to a session: the next five in one
  loading      what a task needs to know of it
  preparing    from received to attributing
  entries      its learnings, one by one
  finishing    its end: finished, tried again or given up
  transcripts  those that come after their event
outbox         what has to be published
dead_letters   what gave up
sweep          sends again what was lost, once
overdue        which tasks the broker, a worker or a chord lost
retries        new attempts that a person asks for
history        one session's steps
listing        where the newest sessions stand
retention      what is thrown away, and when
forget         what a person has removed, at once
counts         the numbers that tell whether all is well
ledger         all of them behind one pool
sessions       which version of a session is meant, and its signals' lock
states         the states of sessions, entries and dead letters
schema         the tables
database       connections, transactions, errors translated
clock          the database's clock, from which every time here comes
blob           payloads compressed
migrate        brings the tables up to date
migrations/    its steps
"""

from worker.ledger.clock import MOST_AHEAD
from worker.ledger.counts import Counts
from worker.ledger.dead_letters import DeadLetter, DeadLetterReason, DeadLetterReceived
from worker.ledger.entries import EntryDetail, EntryOutcome, EntryStatus
from worker.ledger.forget import ForgottenRows
from worker.ledger.history import EventReceived, Published, SessionDetail, Step
from worker.ledger.intake import HeavyReceived, LightweightReceived
from worker.ledger.ledger import Ledger, open_ledger
from worker.ledger.listing import SessionLine
from worker.ledger.loading import EndedSession, SessionWork
from worker.ledger.outbox import OutboxMessage, UnsentMessage
from worker.ledger.overdue import Gates, Overdue, WaitingSession
from worker.ledger.partitions import Lease, PartitionState, Topic
from worker.ledger.retention import Pruned
from worker.ledger.retries import FailedEntry, FailedReason, Reopened
from worker.ledger.sessions import EntryRef, SessionRef
from worker.ledger.states import DeadLetterKind, DeadLetterState, EntryState, SessionState
from worker.ledger.sweep import DIED, Resent

__all__ = [
    "DIED",
    "MOST_AHEAD",
    "Counts",
    "DeadLetter",
    "DeadLetterKind",
    "DeadLetterReason",
    "DeadLetterReceived",
    "DeadLetterState",
    "EndedSession",
    "EntryDetail",
    "EntryOutcome",
    "EntryRef",
    "EntryState",
    "EntryStatus",
    "EventReceived",
    "FailedEntry",
    "FailedReason",
    "ForgottenRows",
    "Gates",
    "HeavyReceived",
    "Lease",
    "Ledger",
    "LightweightReceived",
    "OutboxMessage",
    "Overdue",
    "PartitionState",
    "Pruned",
    "Published",
    "Reopened",
    "Resent",
    "SessionDetail",
    "SessionLine",
    "SessionRef",
    "SessionState",
    "SessionWork",
    "Step",
    "Topic",
    "UnsentMessage",
    "WaitingSession",
    "open_ledger",
]
