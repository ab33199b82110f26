"""`groove calibrate`: read labelled sessions, fit, compare on a held-back part, write the result."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from worker.attribution.fit_calibration import CalibrationReport, Label, fit
from worker.cli.support.input_files import json_lines
from worker.cli.support.jsonl import Refusal, read_learnings
from worker.cli.support.output import print_json
from worker.cli.support.tables import print_table
from worker.domain import Learning, Transcript
from worker.errors import InvalidEvent, InvalidFile
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.wire import read_json_object
from worker.layers.activation.calibration import Calibration
from worker.operations.connections import now
from worker.operations.wording import counted
from worker.resources import Resources
from worker.settings import load_settings
from worker.system.files import written_whole


@click.command("calibrate")
@click.argument("labels", type=click.Path(path_type=Path))
@click.option(
    "--sessions", required=True, type=click.Path(path_type=Path), help="The labelled sessions (JSON, one a line)."
)
@click.option("--learnings", required=True, type=click.Path(path_type=Path), help="Their learnings (JSON, one a line).")
@click.option("--write", type=click.Path(path_type=Path), help="Write the new calibration here.")
@click.option("--json", "as_json", is_flag=True)
def calibrate_command(labels: Path, sessions: Path, learnings: Path, write: Path | None, *, as_json: bool) -> None:
    """Fit the activation probability anew from LABELS and compare before and after on a held-back part."""
    parts = Resources(load_settings())
    fitted, report = fit(
        dict(_sessions(sessions)),
        {learning.learning_id: learning for learning in _learnings(learnings)},
        list(_labels(labels)),
        parts.embedder,
        made_at=datetime.now(UTC),
        threshold=parts.settings.activation.similarity_threshold,
        current=parts.calibration,
        second_look=parts.second_look,
    )
    if write is not None:
        _keep(fitted, write)
    if as_json:
        versions = {"version_before": parts.calibration.version, "version_after": fitted.version}
        print_json({**asdict(report), **versions, "written": write})
        return
    _show(report, parts.calibration.version, fitted.version)
    if write is None:
        click.echo("nothing written: --write FILE keeps it, GROOVE_CALIBRATION=FILE uses it")
    else:
        click.echo(f"{write} written, version {fitted.version}; GROOVE_CALIBRATION={write} uses it")


def _show(report: CalibrationReport, version_before: str, version_after: str) -> None:
    before, after = asdict(report.before), asdict(report.after)
    click.echo(
        f"{counted(report.labels, 'labels')} of {counted(report.sessions, 'sessions')}; on the sessions held back:"
    )
    print_table(
        [("", "left"), ("before", "right"), ("after", "right")],
        [[name, _shown(before[name]), _shown(after[name])] for name in before],
    )
    if report.judged:
        agreed = f"{report.agreed} of {counted(report.judged, 'pairs')} ({report.agreed / report.judged:.0%})"
        click.echo(f"the judge agrees with the labels on {agreed} on which it gave a verdict")
    click.echo(f"before: {version_before}; after: fitted without these sessions; {version_after} is fitted to all")


def _keep(fitted: Calibration, path: Path) -> None:
    try:
        with written_whole(path) as output:
            output.write(fitted.to_json())
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror}") from error


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else json.dumps(value)


def _sessions(path: Path) -> Iterator[tuple[str, Transcript]]:
    for place, line in _objects(path):
        session_id = _text(line, "session_id", place)
        try:
            yield session_id, parse_transcript(line.get("transcript"))
        except InvalidEvent as error:
            raise InvalidFile(f"{place}: {error}") from error


def _learnings(path: Path) -> Iterator[Learning]:
    for learning in read_learnings(path, now=now()):
        if isinstance(learning, Refusal):
            raise InvalidFile(str(learning))
        yield learning


def _labels(path: Path) -> Iterator[Label]:
    for place, line in _objects(path):
        if line.get("label") not in (0, 1):
            raise InvalidFile(f"{place}: label must be 1 (used) or 0 (not used)")
        yield Label(
            session_id=_text(line, "session_id", place),
            learning_id=_text(line, "learning_id", place),
            used=bool(line["label"]),
        )


def _text(line: dict[str, Any], name: str, place: str) -> str:
    if not isinstance(line.get(name), str) or not line[name]:
        raise InvalidFile(f"{place}: {name} is missing")
    value: str = line[name]
    return value


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) per line."""
    for place, text in json_lines(path):
        try:
            yield place, read_json_object(text)
        except InvalidEvent as error:
            raise InvalidFile(f"{place}: {error}") from error
