"""`groove values`: what each learning is worth, as a table, as JSON or as CSV."""

import csv
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from worker.domain import LearningStatus
from worker.store.ranking import ORDERS, ranked

if TYPE_CHECKING:
    from worker.domain import Learning, LearningValue


@click.command("values")
@click.option("--sort", type=click.Choice(list(ORDERS)), default="value", show_default=True, help="What comes first.")
@click.option("--limit", type=click.IntRange(min=1), help="The first so many only.")
@click.option("--status", type=click.Choice([str(status) for status in LearningStatus]), help="Of this status only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, every field.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, with a heading.")
def values_command(sort: str, limit: int | None, status: str | None, *, as_json: bool, as_csv: bool) -> None:
    """What each learning is worth over all sessions, best first."""
    from worker.cli.support.connections import open_store

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    with open_store() as store:
        wanted = LearningStatus(status) if status else None
        known = store.list_learning_values()
        values = ranked(known, sort=sort, status=wanted, limit=limit)
        texts = store.get_learnings([value.learning_id for value in values])
    if as_json:
        click.echo(json.dumps([asdict(value) for value in values], ensure_ascii=False, indent=1))
    elif as_csv:
        _print_csv(values, texts)
    else:
        print_values(values, texts, known=[value.learning_id for value in known])


def print_values(values: "list[LearningValue]", learnings: "dict[str, Learning]", *, known: list[str]) -> None:
    """Rank, id, text, value, confidence, sessions, activation rate, status; ids are short on a terminal.

    `known`: all learnings that there are, among which a short id has to mean one.
    """
    from worker.cli.support.ids import shown_ids
    from worker.cli.support.tables import print_table

    columns = [
        ("#", "right"),
        ("id", "left"),
        ("learning", "flex"),
        ("value", "right"),
        ("confidence", "right"),
        ("sessions", "right"),
        ("activated", "right"),
        ("status", "left"),
        ("verdict", "left"),
    ]
    ids = shown_ids(known)
    lines = ([str(rank), ids[value.learning_id], *_line(value, learnings)] for rank, value in enumerate(values, 1))
    print_table(columns, lines)


def _line(value: "LearningValue", learnings: "dict[str, Learning]") -> list[str]:
    return [
        _text(value, learnings),
        f"{value.estimated_value:+.4f}",
        f"{value.confidence:.4f}",
        str(value.session_count),
        f"{value.activation_rate:.0%}",
        str(value.status),
        str(value.verdict.kind),
    ]


def _text(value: "LearningValue", learnings: "dict[str, Learning]") -> str:
    learning = learnings.get(value.learning_id)
    return learning.description or learning.insight if learning else value.learning_id


#: of each value, under the names that --json gives them
_NUMBERS = ("estimated_value", "confidence", "session_count", "activation_rate", "sessions_with", "sessions_without")


def _print_csv(values: "list[LearningValue]", learnings: "dict[str, Learning]") -> None:
    output = csv.writer(sys.stdout, lineterminator="\n")
    output.writerow(["learning_id", *_NUMBERS, "status", "verdict", "sessions_needed", "text"])
    for value in values:
        numbers = [getattr(value, name) for name in _NUMBERS]
        verdict = [value.verdict.kind, value.verdict.sessions_needed]
        output.writerow([_inert(value.learning_id), *numbers, value.status, *verdict, _inert(_text(value, learnings))])


def _inert(text: str) -> str:
    """For spreadsheets, which take a cell that begins like a formula for one."""
    from worker.cli.support.output import plain

    return f"'{plain(text)}" if text.lstrip().startswith(("=", "+", "-", "@")) else plain(text)
