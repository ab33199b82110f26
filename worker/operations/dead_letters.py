"""Dead letters tried again: messages that could not be read, and sessions that gave up; dry run first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from worker.errors import InvalidEvent, NotFound
from worker.formats.heavy_event import read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.limits import check_heavy, check_lightweight
from worker.formats.wire import check_length
from worker.ledger import DeadLetter, DeadLetterKind, HeavyReceived, Ledger, LightweightReceived, SessionRef
from worker.operations.reopening import enqueue_prepared
from worker.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Retried:
    """What came of one dead letter, or would on a dry run."""

    id: int
    taken_in: bool
    #: why not
    reason: str = ""
    #: those that are attributed because of it; on a dry run only a letter's that is a session
    sessions: tuple[str, ...] = ()
    #: False: no broker runs, they are attributed as soon as the stack does
    enqueued: bool = True
    dry_run: bool = False

    def told(self) -> str:
        if not self.taken_in:
            return self.reason
        if self.dry_run:
            return "can be read by now"
        if not self.sessions:
            return (
                "read; nothing is to be done for it now: its session is not over yet, or a newer account of it is there"
            )
        return f"read; session {', '.join(self.sessions)} is attributed" + (
            "" if self.enqueued else " when the stack runs"
        )


def retry_letters(
    ledger: Ledger, settings: Settings, letter_ids: Iterable[int], *, dry_run: bool = False
) -> list[Retried]:
    """One after the other; `dry_run`: only say which can be read by now. Raises `NotFound` for an unknown letter."""
    return [_retry(ledger, settings, letter_id, dry_run=dry_run) for letter_id in letter_ids]


def _retry(ledger: Ledger, settings: Settings, letter_id: int, *, dry_run: bool) -> Retried:
    letter, started = ledger.dead_letters.get(letter_id), ledger.now()
    try:
        if letter.kind is DeadLetterKind.SESSION:
            sessions = _begin_again(ledger, letter, dry_run=dry_run)
        else:
            take_in = _readable(ledger, settings, letter)
            sessions = [] if dry_run else take_in()
    except InvalidEvent as reason:
        return Retried(id=letter_id, taken_in=False, reason=f"still cannot be read: {reason}", dry_run=dry_run)
    except NotFound as reason:
        return Retried(id=letter_id, taken_in=False, reason=str(reason), dry_run=dry_run)
    ids = tuple(ref.session_id for ref in sessions)
    if dry_run:
        return Retried(id=letter_id, taken_in=True, sessions=ids, enqueued=False, dry_run=True)
    ledger.dead_letters.mark_retried(letter_id)
    is_enqueued = enqueue_prepared(settings, sessions, sent_at=started)
    return Retried(id=letter_id, taken_in=True, sessions=ids, enqueued=is_enqueued)


def _begin_again(ledger: Ledger, letter: DeadLetter, *, dry_run: bool) -> list[SessionRef]:
    """Raises `NotFound` when what would be read is no longer kept."""
    reopened = ledger.retries.retry(session_id=letter.session_id, dry_run=dry_run)
    if reopened.pruned:
        raise NotFound(f"session {letter.session_id} cannot be attributed again: its payload is no longer kept")
    return reopened.sessions


def _readable(ledger: Ledger, settings: Settings, letter: DeadLetter) -> Callable[[], list[SessionRef]]:
    """-> what takes the message in, as if it had just been read. Raises `InvalidEvent`."""
    payload, offset = letter.payload or b"", letter.offset
    check_length(payload, settings.bridge.max_message_bytes)
    rate = settings.ablation.rate_in_force
    if letter.kind is DeadLetterKind.HEAVY:
        # what lay too far ahead when it came may have come true by now
        event = check_heavy(read_heavy_event(payload, logged_at=letter.at), logged_at=ledger.now())
        heavy = HeavyReceived(event=event, payload=payload, offset=offset, logged_at=letter.at)
        return lambda: ledger.intake.receive(heavy=[heavy], ablation_rate=rate)
    heard = check_lightweight(read_lightweight_event(payload), logged_at=ledger.now())
    lightweight = LightweightReceived(event=heard, payload=payload, offset=offset, logged_at=letter.at)
    return lambda: ledger.intake.receive(lightweight=[lightweight], ablation_rate=rate)
