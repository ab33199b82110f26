"""`groove dead-letters`: messages and sessions that gave up, kept with their reason."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from worker.cli.support.connections import enqueue_prepared, open_the_ledger
from worker.cli.support.output import moment, plain, print_hanging, print_json, tell, with_times
from worker.cli.support.tables import print_rows
from worker.errors import InvalidEvent, NotFound
from worker.formats.heavy_event import read_heavy_event
from worker.formats.lightweight_event import read_lightweight_event
from worker.formats.limits import check_heavy, check_lightweight
from worker.formats.wire import check_length
from worker.settings import load_settings

if TYPE_CHECKING:
    from worker.ledger import DeadLetter, Ledger, SessionRef


@click.group("dead-letters")
def dead_letters_command() -> None:
    """Messages and sessions that gave up, kept with their reason."""


@dead_letters_command.command("list")
@click.option("--state", type=click.Choice(["open", "retried", "dropped"]), default="open", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def list_command(state: str, *, as_json: bool) -> None:
    """What gave up, where it came from and why."""
    from worker.ledger import DeadLetterState

    with open_the_ledger() as ledger:
        letters = ledger.dead_letters.find(state=DeadLetterState(state))
    if as_json:
        print_json([with_times(letter, "at") for letter in letters])
        return
    print_rows(
        [
            ("id", "right"),
            ("kind", "left"),
            ("place", "left"),
            ("bytes", "right"),
            ("when", "left"),
            ("reason", "wrap"),
        ],
        [[letter.id, letter.kind, _place(letter), letter.size, moment(letter.at), letter.reason] for letter in letters],
    )


def _place(letter: "DeadLetter") -> str:
    where = f"{letter.stream}/{letter.topic}/{letter.partition}@{letter.offset}"
    return where if letter.topic else letter.session_id


@dead_letters_command.command("show")
@click.argument("letter_id", type=int)
@click.option("--bytes", "raw", is_flag=True, help="Write the message's bytes, exactly, to standard output.")
@click.option("--json", "as_json", is_flag=True)
def show_command(letter_id: int, *, raw: bool, as_json: bool) -> None:
    """One dead letter with its bytes."""
    with open_the_ledger() as ledger:
        letter = ledger.dead_letters.get(letter_id)
    if raw:
        sys.stdout.buffer.write(letter.payload or b"")
        return
    if as_json:
        text = (letter.payload or b"").decode("utf-8", "replace")
        click.echo(json.dumps(asdict(letter) | {"payload": text}, ensure_ascii=False, indent=1))
        return
    print_hanging("", f"{letter.kind} from {_place(letter)} on {moment(letter.at)}, {letter.state}")
    print_hanging("reason: ", letter.reason)
    click.echo(plain((letter.payload or b"").decode("utf-8", "replace"))[:4000])


@dead_letters_command.command("retry")
@click.argument("letter_ids", type=int, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def retry_command(letter_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Read dead letters again: useful when a newer version can read them, or a transcript has come."""
    with open_the_ledger() as ledger:
        retried = [_retry(ledger, letter_id) for letter_id in letter_ids]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in retried], ensure_ascii=False, indent=1))
    else:
        for one in retried:
            click.echo(f"{one.id}: {plain(one.told())}", err=not one.taken_in)
    sys.exit(0 if all(one.taken_in for one in retried) else 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retried:
    """What came of one dead letter."""

    id: int
    taken_in: bool
    #: why not
    reason: str = ""
    #: those that are attributed because of it
    sessions: tuple[str, ...] = ()
    #: False: no broker runs, they are attributed as soon as the stack does
    enqueued: bool = True

    def told(self) -> str:
        if not self.taken_in:
            return self.reason
        if not self.sessions:
            return (
                "read; nothing is to be done for it now: its session is not over yet, or a newer account of it is there"
            )
        return f"read; session {', '.join(self.sessions)} is attributed" + (
            "" if self.enqueued else " when the stack runs"
        )


def _retry(ledger: "Ledger", letter_id: int) -> Retried:
    letter, started = ledger.dead_letters.get(letter_id), ledger.now()
    try:
        sessions = _begin_again(ledger, letter) if letter.kind == "session" else _take_in(ledger, letter)
    except InvalidEvent as reason:
        return Retried(id=letter_id, taken_in=False, reason=f"still cannot be read: {reason}")
    except NotFound as reason:
        return Retried(id=letter_id, taken_in=False, reason=str(reason))
    ledger.dead_letters.mark_retried(letter_id)
    is_enqueued = enqueue_prepared(sessions, sent_at=started)
    ids = tuple(ref.session_id for ref in sessions)
    return Retried(id=letter_id, taken_in=True, sessions=ids, enqueued=is_enqueued)


def _begin_again(ledger: "Ledger", letter: "DeadLetter") -> "list[SessionRef]":
    """Raises `NotFound` when what would be read is no longer kept."""
    reopened = ledger.retries.retry(session_id=letter.session_id)
    if reopened.pruned:
        raise NotFound(f"session {letter.session_id} cannot be attributed again: its payload is no longer kept")
    return reopened.sessions


def _take_in(ledger: "Ledger", letter: "DeadLetter") -> "list[SessionRef]":
    """The message again, as if it had just been read. Raises `InvalidEvent`."""
    from worker.ledger import HeavyReceived, LightweightReceived

    payload, offset, settings = letter.payload or b"", letter.offset, load_settings()
    check_length(payload, settings.bridge.max_message_bytes)
    rate = settings.ablation.rate_in_force
    if letter.kind == "heavy":
        # what lay too far ahead when it came may have come true by now
        event = check_heavy(read_heavy_event(payload, logged_at=letter.at), logged_at=ledger.now())
        heavy = HeavyReceived(event=event, payload=payload, offset=offset, logged_at=letter.at)
        return ledger.intake.receive(heavy=[heavy], ablation_rate=rate)
    heard = check_lightweight(read_lightweight_event(payload), logged_at=ledger.now())
    lightweight = LightweightReceived(event=heard, payload=payload, offset=offset, logged_at=letter.at)
    return ledger.intake.receive(lightweight=[lightweight], ablation_rate=rate)


@dead_letters_command.command("drop")
@click.argument("letter_ids", type=int, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def drop_command(letter_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Give dead letters up for good; they stay readable with --state dropped until they are pruned."""
    with open_the_ledger() as ledger:
        for letter_id in letter_ids:
            ledger.dead_letters.drop(letter_id)
    tell(f"{len(letter_ids)} dropped", {"dropped": list(letter_ids)}, as_json=as_json)
