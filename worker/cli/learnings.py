"""`groove learnings`: bring learnings in, list them, decide about them."""

import sys
from dataclasses import asdict
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
@click.option("--json", "as_json", is_flag=True)
def import_command(file: Path, *, as_json: bool) -> None:
    """Add or replace the learnings in FILE (JSON, one a line). Editing one begins a new epoch: its old records no longer count."""
    from worker.cli.support.connections import open_store
    from worker.cli.support.output import tell

    with open_store() as store:
        report, refused = import_file(store, file)
    line = f"{len(report.new)} new, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
    told = line + (f", {refused} refused" if refused else "")
    tell(told, asdict(report) | {"refused": refused}, as_json=as_json)
    sys.exit(1 if refused else 0)


def import_file(store: "AttributionStore", file: Path) -> "tuple[ImportReport, int]":
    """-> (what changed, lines refused); each refusal is told on standard error."""
    from worker.cli.support.connections import actor, now
    from worker.cli.support.jsonl import Refusal, read_learnings
    from worker.cli.support.output import plain
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


@learnings_command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_command(*, as_json: bool) -> None:
    """Every learning with its status."""
    from worker.cli.support.connections import open_store
    from worker.cli.support.tables import print_rows

    with open_store() as store:
        texts = {learning.learning_id: learning for learning in store.list_learnings()}
        values = {value.learning_id: value for value in store.list_learning_values()}
    print_rows(
        [("learning", "left"), ("category", "left"), ("status", "left"), ("text", "flex")],
        [[id_, str(text.category), str(values[id_].status), text.insight] for id_, text in sorted(texts.items())],
        as_json=as_json,
    )


@learnings_command.command("export")
@click.argument("file", type=click.Path(path_type=Path))
def export_command(file: Path) -> None:
    """Write every learning to FILE (JSON, one a line), as `import` reads it; `-` is standard output."""
    import json

    from worker.cli.support.connections import open_store
    from worker.cli.support.output import counted
    from worker.errors import InvalidFile
    from worker.formats.learning import learning_to_wire
    from worker.system.files import STDOUT, written_whole

    with open_store() as store:
        learnings = sorted(store.list_learnings(), key=lambda learning: learning.learning_id)
    try:
        with written_whole(file) as output:
            output.writelines(
                json.dumps(learning_to_wire(learning), ensure_ascii=False) + "\n" for learning in learnings
            )
    except OSError as error:
        raise InvalidFile(f"{file}: {error.strerror}") from error
    if file != STDOUT:
        click.echo(f"{counted(len(learnings), 'learnings')} in {file}")


@learnings_command.command("history")
@click.argument("learning_id")
@click.option("--json", "as_json", is_flag=True)
def history_command(learning_id: str, *, as_json: bool) -> None:
    """Every decision about a learning: who, when, why, and the numbers it rested on."""
    from worker.cli.support.connections import full_id, open_store
    from worker.cli.support.output import moment
    from worker.cli.support.tables import print_rows

    with open_store() as store:
        decisions = store.get_decisions(full_id(store, learning_id))
    print_rows(
        [
            ("#", "right"),
            ("when", "left"),
            ("what", "left"),
            ("who", "left"),
            ("epoch", "right"),
            ("reason", "wrap"),
            ("numbers", "wrap"),
        ],
        [
            [
                line.number,
                moment(line.timestamp),
                str(line.kind),
                line.actor,
                line.epoch,
                line.reason,
                ", ".join(f"{name} {number:.4g}" for name, number in line.numbers.items()),
            ]
            for line in decisions
        ],
        as_json=as_json,
    )


#: subcommand -> (what it records, what its help says)
_DECISIONS = {
    "disable": ("disabled", "Never inject it again, until it is enabled."),
    "enable": ("enabled", "Inject it again and begin a new epoch: old records stay readable, but no longer count."),
    "pin": ("pinned", "Never deprecate it; it is still measured, and withheld by the experiment."),
    "unpin": ("unpinned", "Let the rule decide about it again."),
    "try": ("tried", "Put it on trial: withheld more often until its verdict is no longer undecided."),
}


def _decision_command(name: str, kind: str, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("learning_id")
    @click.option("--reason", default="", help="Kept in the decision log.")
    @click.option("--json", "as_json", is_flag=True)
    def command(learning_id: str, reason: str, *, as_json: bool) -> None:
        from worker.cli.support.connections import actor, full_id, now, open_store
        from worker.cli.support.output import tell
        from worker.domain import DecisionKind

        with open_store() as store:
            known = full_id(store, learning_id)
            decision = store.decide(known, DecisionKind(kind), actor=actor(), reason=reason, now=now())
        line = f"{known}: {decision.kind} by {decision.actor}, epoch {decision.epoch}"
        tell(line, asdict(decision), as_json=as_json)

    return command


for _name, (_kind, _text) in _DECISIONS.items():
    learnings_command.add_command(_decision_command(_name, _kind, _text))
