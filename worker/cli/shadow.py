"""`groove shadow`: what other settings would make of the stored records; nothing is written."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from worker.domain import LearningValue
    from worker.settings import Settings
    from worker.store.protocol import Reading

#: what changes layer 1's answers and can only be told by reading the sessions again
_NEEDS_READING = ("activation.detector", "activation.calibration", "activation.second_look", "embedder.", "calibration")
_GROUPS = ("activation", "temporal", "ablation", "aggregation", "embedder")


@click.command("shadow")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="e.g. temporal.decay_rate=0.3; repeatable")
@click.option("--reembed", is_flag=True, help="Read the kept sessions again with the model (layer 1); slow.")
@click.option("--json", "as_json", is_flag=True)
def shadow_command(changes: tuple[str, ...], *, reembed: bool, as_json: bool) -> None:
    """Recompute all values from the stored records under other settings and list what would change; nothing is written.

    Keys: activation.*, temporal.*, ablation.*, aggregation.*; with --reembed also embedder.* and calibration=FILE.
    """
    from worker.cli.support.connections import open_store
    from worker.settings import load_settings

    settings = load_settings()
    after = changed(settings, changes, reembed=reembed)
    with open_store(settings) as store:
        readings = _read_again(settings, after) if reembed else None
        pairs = store.what_if(after.layers, readings=readings)
        known = [learning.learning_id for learning in store.list_learnings()]
    if as_json:
        click.echo(json.dumps([{"now": asdict(a), "then": asdict(b)} for a, b in pairs], ensure_ascii=False, indent=1))
    elif pairs:
        _print(pairs, known)
    else:
        click.echo("nothing would change")


def changed(settings: "Settings", changes: tuple[str, ...], *, reembed: bool) -> "Settings":
    """The settings with KEY=VALUE changes; an unknown key or impossible value is an error that names it."""
    from pydantic import ValidationError

    from worker.errors import ConfigurationError
    from worker.settings import Settings

    document: dict[str, Any] = settings.model_dump()
    for change in changes:
        key, separator, value = change.partition("=")
        if key.startswith(_NEEDS_READING) and not reembed:
            raise ConfigurationError(f"--set {change}: changes layer 1, which needs the sessions read again: --reembed")
        group, _, name = key.partition(".")
        if not separator or not (key == "calibration" or (group in _GROUPS and name in document[group])):
            raise ConfigurationError(f"--set {change}: use KEY=VALUE with a key like temporal.decay_rate")
        (document[group] if name else document)[name or key] = value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"--set {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _read_again(settings: "Settings", after: "Settings") -> "list[Reading]":
    from worker.cli.reread import Rereading
    from worker.cli.support.connections import open_the_ledger
    from worker.cli.support.output import counted
    from worker.resources import Resources

    with open_the_ledger(settings) as ledger:
        again = Rereading(ledger=ledger, parts=Resources(after))
        with click.progressbar(again.sessions, label="reading sessions again", file=sys.stderr) as sessions:
            readings = [reading for session in sessions for reading in again.read(session)]
        if again.left_out:
            click.echo(
                f"{counted(again.left_out, 'sessions')} whose payload is no longer kept: what was read before stands",
                err=True,
            )
    return readings


def _print(pairs: "list[tuple[LearningValue, LearningValue]]", known: list[str]) -> None:
    from worker.cli.support.ids import shown_ids
    from worker.cli.support.tables import print_rows

    ids = shown_ids(known)
    print_rows(
        [("learning", "left"), ("value", "left"), ("confidence", "left"), ("status", "left"), ("verdict", "left")],
        [
            [
                ids[before.learning_id],
                f"{before.estimated_value:+.4f} → {after.estimated_value:+.4f}",
                f"{before.confidence:.4f} → {after.confidence:.4f}",
                _step(before.status, after.status),
                _step(before.verdict.kind, after.verdict.kind),
            ]
            for before, after in pairs
        ],
        as_json=False,
    )


def _step(before: str, after: str) -> str:
    return str(before) if before == after else f"{before} → {after}"
