"""`groove shadow`: what other settings would make of the stored records; nothing is written."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from worker.cli.support.ids import shown_ids
from worker.cli.support.output import print_json
from worker.cli.support.tables import print_rows
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.what_if import changed
from worker.operations.wording import counted
from worker.settings import Settings, load_settings
from worker.store.answers import ShadowChange

if TYPE_CHECKING:
    from worker.store.api import StoreApi
    from worker.store.shapes.upkeep import Reading


@click.command("shadow")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="As in temporal.decay_rate=0.3; repeatable.")
@click.option("--reembed", is_flag=True, help="Read the kept sessions again with the model (layer 1); slow.")
@click.option("--json", "as_json", is_flag=True)
def shadow_command(changes: tuple[str, ...], *, reembed: bool, as_json: bool) -> None:
    """Recompute all values from the stored records under other settings and list what would change; nothing is written.

    Keys: activation.*, temporal.*, ablation.*, aggregation.*; with --reembed also embedder.* and calibration=FILE.
    """
    settings = load_settings()
    after = changed(settings, changes, reembed=reembed)
    with open_store(settings) as store:
        readings = _read_again(store, settings, after) if reembed else []
        changes_found = store.shadow(after.layers, readings=readings)
        if as_json:
            print_json(changes_found)
        elif changes_found:
            _print(changes_found, shown_ids(store, [change.now.learning_id for change in changes_found]))
        else:
            click.echo("nothing would change")


def _read_again(store: "StoreApi", settings: Settings, after: Settings) -> "list[Reading]":
    from worker.operations.rereading import Rereading
    from worker.resources import Resources

    with open_the_ledger(settings) as ledger:
        again = Rereading(ledger=ledger, store=store, parts=Resources(after))
        with click.progressbar(again.sessions, label="reading sessions again", file=sys.stderr) as sessions:
            readings = [reading for session in sessions for reading in again.read(session)]
        if again.left_out:
            click.echo(
                f"{counted(again.left_out, 'sessions')} whose payload is no longer kept: what was read before stands",
                err=True,
            )
    return readings


def _print(changes: Sequence[ShadowChange], ids: Mapping[str, str]) -> None:
    print_rows(
        [("learning", "left"), ("value", "left"), ("confidence", "left"), ("status", "left"), ("verdict", "left")],
        [
            [
                ids[change.now.learning_id],
                f"{change.now.estimated_value:+.4f} → {change.then.estimated_value:+.4f}",
                f"{change.now.confidence:.4f} → {change.then.confidence:.4f}",
                _step(change.now.status, change.then.status),
                _step(change.now.verdict.kind, change.then.verdict.kind),
            ]
            for change in changes
        ],
    )


def _step(before: str, after: str) -> str:
    return str(before) if before == after else f"{before} → {after}"
