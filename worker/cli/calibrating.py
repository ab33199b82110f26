"""What `groove calibrate` does: read labelled sessions, fit, compare on a held-back part, write the result."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from worker.calibrating import Label, fit
from worker.calibration import Calibration
from worker.cli.access import now
from worker.cli.event_files import Refusal, read_learnings
from worker.cli.output import print_table
from worker.errors import InvalidEvent, InvalidFile
from worker.events import read_json_object
from worker.resources import Resources
from worker.settings import load_settings
from worker.transcripts import parse_transcript


def calibrate(labels: Path, *, sessions: Path, learnings: Path, write: Path | None) -> int:
    """-> exit status. Raises `InvalidFile` for the first line that cannot be used."""
    parts = Resources(load_settings())
    known = {}
    for learning in read_learnings(learnings, now=now()):
        if isinstance(learning, Refusal):
            raise InvalidFile(str(learning))
        known[learning.learning_id] = learning
    transcripts = {str(line["session_id"]): parse_transcript(line["transcript"]) for line in _objects(sessions)}
    judged = [
        Label(session_id=str(line["session_id"]), learning_id=str(line["learning_id"]), used=bool(line["label"]))
        for line in _objects(labels)
    ]
    fitted, report = fit(
        transcripts,
        known,
        judged,
        parts.embedder,
        made_at=datetime.now(UTC),
        threshold=parts.settings.activation.similarity_threshold,
        current=parts.calibration,
    )
    before, after = asdict(report.before), asdict(report.after)
    click.echo(f"{report.labels} labels of {report.sessions} sessions; on the sessions held back:")
    print_table(
        [("", "left"), ("before", "right"), ("after", "right")],
        [[name, _shown(before[name]), _shown(after[name])] for name in before],
    )
    if write is None:
        click.echo("nothing written: --write FILE keeps it, GROOVE_CALIBRATION=FILE uses it")
    else:
        _keep(fitted, write)
    return 0


def _keep(fitted: Calibration, path: Path) -> None:
    try:
        path.write_text(fitted.to_json(), encoding="utf-8")
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror}") from error
    click.echo(f"{path} written, version {fitted.version}; GROOVE_CALIBRATION={path} uses it")


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else json.dumps(value)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidFile(f"{path}: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield read_json_object(line)
            except InvalidEvent as error:
                raise InvalidFile(f"{path}:{number}: {error}") from error
