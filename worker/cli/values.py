"""`groove values`: what each learning is worth, as a table, as JSON or as CSV."""

import csv
import sys
from collections.abc import Mapping, Sequence

import click

from worker.cli.support.ids import shown_ids
from worker.cli.support.output import plain, print_json
from worker.cli.support.tables import print_table
from worker.domain import LearningStatus
from worker.operations.connections import open_store
from worker.store.ranking import ORDERS
from worker.store.shapes.learnings import ListedLearning


@click.command("values")
@click.option("--sort", type=click.Choice(list(ORDERS)), default="value", show_default=True, help="What comes first.")
@click.option("--limit", type=click.IntRange(min=1), help="The first so many only.")
@click.option("--status", type=click.Choice([str(status) for status in LearningStatus]), help="Of this status only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, every field.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, with a heading.")
def values_command(sort: str, limit: int | None, status: str | None, *, as_json: bool, as_csv: bool) -> None:
    """What each learning is worth over all sessions, best first."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    with open_store() as store:
        wanted = LearningStatus(status) if status else None
        listed = store.learnings(sort=sort, status=wanted, limit=limit).learnings
        if as_json:
            print_json([entry.value for entry in listed])
        elif as_csv:
            _print_csv(listed)
        else:
            print_values(listed, shown_ids(store, [entry.learning.learning_id for entry in listed]))


def print_values(listed: Sequence[ListedLearning], ids: Mapping[str, str]) -> None:
    """Rank, id, text, value, confidence, sessions, activation rate, status. `ids`: each as it is shown."""
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
    print_table(
        columns,
        ([str(rank), ids[entry.learning.learning_id], *_line(entry)] for rank, entry in enumerate(listed, 1)),
    )


def _line(entry: ListedLearning) -> list[str]:
    value = entry.value
    return [
        _text(entry),
        f"{value.estimated_value:+.4f}",
        f"{value.confidence:.4f}",
        str(value.session_count),
        f"{value.activation_rate:.0%}" if value.can_tell else "cannot tell",
        str(value.status),
        str(value.verdict.kind),
    ]


def _text(entry: ListedLearning) -> str:
    return entry.learning.description or entry.learning.insight


#: of each value, under the names that --json gives them
_NUMBERS = ("estimated_value", "confidence", "session_count", "activation_rate", "sessions_with", "sessions_without")


def _print_csv(listed: Sequence[ListedLearning]) -> None:
    output = csv.writer(sys.stdout, lineterminator="\n")
    output.writerow(["learning_id", *_NUMBERS, "status", "verdict", "sessions_needed", "text"])
    for entry in listed:
        value = entry.value
        numbers = [getattr(value, name) for name in _NUMBERS]
        if not value.can_tell:
            numbers[_NUMBERS.index("activation_rate")] = ""
        verdict = [value.verdict.kind, value.verdict.sessions_needed]
        output.writerow([_inert(value.learning_id), *numbers, value.status, *verdict, _inert(_text(entry))])


#: also in the wide forms that some of them read as the same
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def _inert(text: str) -> str:
    """For spreadsheets, which take a cell that begins like a formula for one."""
    shown = plain(text)  # first: a formula may stand behind what is not shown
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
