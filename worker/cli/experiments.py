"""`groove withhold`, `groove shadow`: the experiment before a session, and what other settings would make of it."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from worker.parameters import LayerParameters
    from worker.settings import Settings


@click.command("withhold")
@click.option("--session", "session_id", required=True, help="The session that is about to start.")
@click.option("--learnings", required=True, help="Ids, separated by commas, or a file with one a line.")
@click.option("--json", "as_json", is_flag=True)
def withhold_command(session_id: str, learnings: str, *, as_json: bool) -> None:
    """Decide which learnings a session gets: inject, withhold, or excluded; asking again gives the same answer."""
    from worker.cli.access import now, open_store
    from worker.cli.output import print_rows

    with open_store() as store:
        answers = store.assign(session_id, _ids(learnings), now=now())
    print_rows(
        [("learning", "left"), ("decision", "left"), ("withhold_probability", "right"), ("reason", "flex")],
        [[a.learning_id, a.decision, f"{a.withhold_probability:.6f}", a.reason] for a in answers],
        as_json=as_json,
    )


def _ids(given: str) -> list[str]:
    """Ids from the option itself or from the file that it names: plain ids, or learnings as JSON."""
    path = Path(given)
    if not path.is_file():
        return [id_.strip() for id_ in given.split(",") if id_.strip()]
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [_id_of(line) for line in lines if line]


def _id_of(line: str) -> str:
    from worker.learnings import read_learning

    return read_learning(line.encode(), now=0).learning_id if line.startswith("{") else line


@click.command("shadow")
@click.option(
    "--set", "changes", multiple=True, required=True, metavar="KEY=VALUE", help="e.g. temporal.decay_rate=0.3"
)
@click.option("--json", "as_json", is_flag=True)
def shadow_command(changes: tuple[str, ...], *, as_json: bool) -> None:
    """Recompute all values from the stored records under other settings and list what would change; nothing is written."""
    from worker.cli.access import open_store
    from worker.cli.output import print_rows
    from worker.settings import load_settings

    settings = load_settings()
    with open_store(settings) as store:
        pairs = store.what_if(_changed(settings, changes))
    if as_json:
        click.echo(json.dumps([{"now": asdict(a), "then": asdict(b)} for a, b in pairs], ensure_ascii=False, indent=1))
        return
    print_rows(
        [("learning", "flex"), ("value", "left"), ("confidence", "left"), ("status", "left"), ("verdict", "left")],
        [
            [
                before.learning_id,
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


def _changed(settings: "Settings", changes: tuple[str, ...]) -> "LayerParameters":
    """The layers' settings with KEY=VALUE changes; an unknown key or impossible value is an error that names it."""
    from pydantic import ValidationError

    from worker.errors import ConfigurationError
    from worker.parameters import LayerParameters

    document: dict[str, Any] = settings.layers.model_dump()
    for change in changes:
        key, separator, value = change.partition("=")
        group, _, name = key.partition(".")
        if not separator or name not in document.get(group, {}):
            raise ConfigurationError(f"--set {change}: use KEY=VALUE with a key like temporal.decay_rate")
        document[group][name] = value
    try:
        return LayerParameters.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"--set {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


@click.command("calibrate")
@click.argument("labels", type=click.Path(path_type=Path))
@click.option(
    "--sessions", required=True, type=click.Path(path_type=Path), help="The labelled sessions (JSON, one a line)."
)
@click.option("--learnings", required=True, type=click.Path(path_type=Path), help="Their learnings (JSON, one a line).")
@click.option("--write", type=click.Path(path_type=Path), help="Write the new calibration here.")
def calibrate_command(labels: Path, sessions: Path, learnings: Path, write: Path | None) -> None:
    """Fit the activation probability anew from LABELS and compare before and after on a held-back part."""
    from worker.cli.calibrating import calibrate

    sys.exit(calibrate(labels, sessions=sessions, learnings=learnings, write=write))
