"""`groove dead-letters`: messages and sessions that gave up, kept with their reason."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from worker.cli.support.output import escaped, moment, plain, print_hanging, print_json, tell, with_times
from worker.cli.support.tables import print_rows
from worker.operations.connections import open_the_ledger
from worker.settings import load_settings

if TYPE_CHECKING:
    from worker.ledger import DeadLetter


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
        click.echo(escaped(json.dumps(asdict(letter) | {"payload": text}, ensure_ascii=False, indent=1)))
        return
    print_hanging("", f"{letter.kind} from {_place(letter)} on {moment(letter.at)}, {letter.state}")
    print_hanging("reason: ", letter.reason)
    click.echo(plain((letter.payload or b"").decode("utf-8", "replace"))[:4000])


@dead_letters_command.command("retry")
@click.argument("letter_ids", type=int, nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only say which of them can be read by now.")
@click.option("--json", "as_json", is_flag=True)
def retry_command(letter_ids: tuple[int, ...], *, dry_run: bool, as_json: bool) -> None:
    """Read dead letters again: useful when a newer version can read them, or a transcript has come."""
    from worker.operations.dead_letters import retry_letters

    with open_the_ledger() as ledger:
        retried = retry_letters(ledger, load_settings(), letter_ids, dry_run=dry_run)
    if as_json:
        click.echo(escaped(json.dumps([asdict(one) for one in retried], ensure_ascii=False, indent=1)))
    else:
        for one in retried:
            click.echo(f"{one.id}: {plain(one.told())}", err=not one.taken_in)
    sys.exit(0 if all(one.taken_in for one in retried) else 1)


@dead_letters_command.command("drop")
@click.argument("letter_ids", type=int, nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True)
def drop_command(letter_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Give dead letters up for good; they stay readable with --state dropped until they are pruned."""
    with open_the_ledger() as ledger:
        for letter_id in letter_ids:
            ledger.dead_letters.drop(letter_id)
    tell(f"{len(letter_ids)} dropped", {"dropped": list(letter_ids)}, as_json=as_json)
