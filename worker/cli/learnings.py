"""`groove learnings`: bring learnings in, list them, decide about them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from worker.cli.support.jsonl import Refusal, read_learnings
from worker.cli.support.output import moment, plain, print_json, tell, tell_each
from worker.cli.support.tables import print_rows
from worker.domain import Decision, DecisionKind
from worker.errors import InvalidFile
from worker.formats.learning import learning_to_wire
from worker.operations.connections import actor, now, open_store
from worker.operations.ids import full_id, full_ids
from worker.operations.wording import counted
from worker.store.api import StoreApi
from worker.store.shapes.changes import ImportReport
from worker.store.shapes.sections import Section
from worker.system.files import STDOUT, written_whole


@click.group("learnings")
def learnings_command() -> None:
    """Import, list and decide about learnings."""


@learnings_command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def import_command(file: Path, *, as_json: bool) -> None:
    """Add or replace the learnings in FILE (JSON, one per line). Editing one begins a new epoch: its old records no longer count."""
    with open_store() as store:
        report, refused = import_file(store, file)
    line = f"{len(report.new)} new, {len(report.changed)} changed, {len(report.unchanged)} unchanged"
    answer = {"new": report.new, "changed": report.changed, "unchanged": report.unchanged, "refused": refused}
    tell(line + (f", {refused} refused" if refused else ""), answer, as_json=as_json)
    sys.exit(1 if refused else 0)


def import_file(store: StoreApi, file: Path) -> tuple[ImportReport, int]:
    """-> (what changed, lines refused); each refusal is told on standard error."""
    learnings, refused = [], 0
    for line in read_learnings(file, now=now()):
        if isinstance(line, Refusal):
            refused += 1
            click.echo(f"refused {plain(str(line))}", err=True)
        else:
            learnings.append(line)
    return store.import_learnings(learnings, actor=actor()), refused


@learnings_command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_command(*, as_json: bool) -> None:
    """Every learning with its status."""
    with open_store() as store:
        page = store.learnings()
    if as_json:
        print_json(page)
        return
    listed = sorted(page.learnings, key=lambda entry: entry.learning.learning_id)
    print_rows(
        [("learning", "left"), ("category", "left"), ("status", "left"), ("text", "flex")],
        [
            [
                entry.learning.learning_id,
                str(entry.learning.category),
                str(entry.value.status),
                entry.learning.insight,
            ]
            for entry in listed
        ],
    )


@learnings_command.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def export_command(file: Path, *, as_json: bool) -> None:
    """Write every learning to FILE (JSON, one per line), as `import` reads it; `-` is standard output."""
    with open_store() as store:
        learnings = store.plain_learnings()
    try:
        with written_whole(file) as output:
            output.writelines(
                json.dumps(learning_to_wire(learning), ensure_ascii=False) + "\n" for learning in learnings
            )
    except OSError as error:
        raise InvalidFile(f"{file}: {error.strerror}") from error
    if file != STDOUT:
        tell(f"{counted(len(learnings), 'learnings')} in {file}", {"exported": len(learnings)}, as_json=as_json)


@learnings_command.command("sections")
@click.option("--json", "as_json", is_flag=True)
def sections_command(*, as_json: bool) -> None:
    """Learnings that are drawn together: each section with its common value and verdict, then its learnings with their own values."""
    with open_store() as store:
        sections = store.sections()
    if as_json:
        print_json(sections)
        return
    print_rows(
        [
            ("section", "left"),
            ("learning", "left"),
            ("text", "flex"),
            ("value", "right"),
            ("with", "right"),
            ("without", "right"),
            ("verdict", "left"),
        ],
        [row for section in sections for row in _section_rows(section)],
    )


def _section_rows(section: Section) -> Iterator[list[str | int]]:
    value = section.value
    yield [
        value.learning_id,
        "",
        plain(section.section.insight.partition("\n")[0]),
        f"{value.estimated_value:+.4f}",
        value.sessions_with,
        value.sessions_without,
        str(value.verdict.kind),
    ]
    for each in section.learnings:
        yield ["", each.learning_id, "", f"{each.estimated_value:+.4f}", "", "", ""]


@learnings_command.command("history")
@click.argument("learning_id")
@click.option("--json", "as_json", is_flag=True)
def history_command(learning_id: str, *, as_json: bool) -> None:
    """Every decision about a learning: who, when, why, and the numbers it rested on."""
    with open_store() as store:
        decisions = store.history(full_id(store, learning_id))
    if as_json:
        print_json(decisions)
        return
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
    )


#: subcommand -> (what it records, what its help says)
_DECISIONS = {
    "disable": (DecisionKind.DISABLED, "Never inject it again, until it is enabled."),
    "enable": (
        DecisionKind.ENABLED,
        "Inject it again and begin a new epoch: old records stay readable, but no longer count.",
    ),
    "pin": (DecisionKind.PINNED, "Never deprecate it; it is still measured, and withheld by the experiment."),
    "unpin": (DecisionKind.UNPINNED, "Let the rule decide about it again."),
    "try": (DecisionKind.TRIED, "Put it on trial: withheld more often until its verdict is no longer undecided."),
}


def _decision_command(name: str, kind: DecisionKind, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("learning_ids", metavar="LEARNING_ID…", nargs=-1, required=True)
    @click.option("--reason", default="", help="Kept in the decision log.")
    @click.option("--json", "as_json", is_flag=True)
    def command(learning_ids: tuple[str, ...], reason: str, *, as_json: bool) -> None:
        with open_store() as store:
            known = full_ids(store, learning_ids)
            decisions = store.decide_together(known, kind, actor=actor(), reason=reason)
        told = [f"{one.learning_id}: {one.kind} by {one.actor}, epoch {one.epoch}" for one in decisions]
        tell_each(told, decisions[0] if len(learning_ids) == 1 else decisions, as_json=as_json)

    return command


@learnings_command.command("undo")
@click.argument("learning_ids", metavar="LEARNING_ID…", nargs=-1, required=True)
@click.option(
    "--line", type=click.IntRange(min=1), help="This line of its history, instead of the newest decision; of one only."
)
@click.option("--reason", default="", help="Kept in the decision log.")
@click.option("--json", "as_json", is_flag=True)
def undo_command(learning_ids: tuple[str, ...], line: int | None, reason: str, *, as_json: bool) -> None:
    """Take a decision back: what it changed is as before, and the evidence that counted then counts again.

    Asking again changes nothing. An undo is taken back by its own --line.
    """
    if len(learning_ids) > 1:
        if line is not None:
            raise click.UsageError("--line is of one learning's history")
        _undo_together(learning_ids, reason, as_json=as_json)
        return
    with open_store() as store:
        known = full_id(store, learning_ids[0])
        decision = store.undo(known, number=line, actor=actor(), reason=reason)
    tell(_undone(decision), decision, as_json=as_json)


def _undo_together(learning_ids: tuple[str, ...], reason: str, *, as_json: bool) -> None:
    with open_store() as store:
        lines = dict.fromkeys(full_ids(store, learning_ids))
        found = store.undo_together(lines, actor=actor(), reason=reason)
    for learning_id, why in found.refused.items():
        click.echo(f"{plain(learning_id)}: {plain(why)}", err=True)
    tell_each(map(_undone, found.decisions), found, as_json=as_json)
    sys.exit(1 if found.refused else 0)


def _undone(decision: Decision) -> str:
    return f"{decision.learning_id}: line {decision.undoes} undone by {decision.actor}, epoch {decision.epoch}"


for _name, (_kind, _text) in _DECISIONS.items():
    learnings_command.add_command(_decision_command(_name, _kind, _text))
