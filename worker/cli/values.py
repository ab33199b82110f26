"""`groove values`: what each learning is worth, best first."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from worker.domain import Learning, LearningValue


@click.command("values")
@click.option("--limit", type=click.IntRange(min=1), help="The best so many only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, every field.")
def values_command(limit: int | None, *, as_json: bool) -> None:
    """What each learning is worth over all sessions, best first."""
    from worker.cli.access import open_store

    with open_store() as store:
        values = store.list_learning_values(limit=limit)
        texts = store.get_learnings([value.learning_id for value in values])
    if as_json:
        click.echo(json.dumps([asdict(value) for value in values], ensure_ascii=False, indent=1))
        return
    print_values(values, texts)


def print_values(values: "list[LearningValue]", learnings: "dict[str, Learning]") -> None:
    """Rank, text, value, confidence, sessions, activation rate, status."""
    from worker.cli.output import print_table

    columns = [
        ("#", "right"),
        ("learning", "flex"),
        ("value", "right"),
        ("confidence", "right"),
        ("sessions", "right"),
        ("activated", "right"),
        ("status", "left"),
        ("verdict", "left"),
    ]
    print_table(columns, (_line(rank, value, learnings) for rank, value in enumerate(values, 1)))


def _line(rank: int, value: "LearningValue", learnings: "dict[str, Learning]") -> list[str]:
    learning = learnings.get(value.learning_id)
    return [
        str(rank),
        learning.description or learning.insight if learning else value.learning_id,
        f"{value.estimated_value:+.4f}",
        f"{value.confidence:.4f}",
        str(value.session_count),
        f"{value.activation_rate:.0%}",
        str(value.status),
        str(value.verdict.kind),
    ]
