"""`groove learnings`: bring learnings in, list them, decide about them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from worker.store.protocol import AttributionStore, ImportReport

#: learnings sent to the store in one call
_PORTION = 500


@click.group("learnings")
def learnings_command() -> None:
    """Import, list and decide about learnings."""


@learnings_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_command(file: Path) -> None:
    """Add or replace the learnings in FILE (JSON, one a line). Editing one begins a new epoch: its old records no longer count."""
    from worker.cli.access import open_store

    with open_store() as store:
        report, refused = import_file(store, file)
    click.echo(
        f"{len(report.new)} new, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
        + (f", {refused} refused" if refused else "")
    )
    sys.exit(1 if refused else 0)


def import_file(store: "AttributionStore", file: Path) -> "tuple[ImportReport, int]":
    """-> (what changed, lines refused); each refusal is told on standard error."""
    from worker.cli.access import actor, now
    from worker.cli.event_files import Refusal, read_learnings
    from worker.cli.output import plain
    from worker.store.protocol import ImportReport

    learnings, refused = [], 0
    for line in read_learnings(file, now=now()):
        if isinstance(line, Refusal):
            refused += 1
            click.echo(f"refused {plain(str(line))}", err=True)
        else:
            learnings.append(line)
    reports = [
        store.import_learnings(learnings[start : start + _PORTION], actor=actor(), now=now())
        for start in range(0, len(learnings), _PORTION)
    ]
    return ImportReport(
        new=tuple(id_ for report in reports for id_ in report.new),
        changed=tuple(id_ for report in reports for id_ in report.changed),
        unchanged=tuple(id_ for report in reports for id_ in report.unchanged),
    ), refused
