"""`groove show`: one learning."""

import math
from collections.abc import Iterator, Sequence

import click

from worker.cli.support.output import moment, print_facts, print_json
from worker.cli.support.tables import print_rows
from worker.domain import Answer, AttributionRecord, Learning, LearningValue
from worker.layers.ablation.companions import Companion
from worker.layers.aggregation.breakdown import GroupEffect
from worker.operations.connections import open_store
from worker.operations.ids import full_id
from worker.store.answers import Shown

#: learnings that travel with it, by name; the others are counted
_NAMED = 5


@click.command("show")
@click.argument("learning_id")
@click.option(
    "--sessions", default=10, show_default=True, type=click.IntRange(min=0, max=1000), help="Recent sessions to list."
)
@click.option("--json", "as_json", is_flag=True)
def show_command(learning_id: str, sessions: int, *, as_json: bool) -> None:
    """All that is known about a learning: its text, the breakdown of its value, the experiment, recent sessions."""
    with open_store() as store:
        found = store.show(full_id(store, learning_id), recent=sessions)
    if as_json:
        print_json(found)
        return
    print_facts(
        [*_value(found.learning, found.value), *_section(found), *_experiment(found)],
    )
    _print_groups(found.groups)
    _print_records(found.recent)


def _value(learning: Learning, value: LearningValue) -> Iterator[tuple[str, str]]:
    reason = f" ({value.status_reason})" if value.status_reason else ""
    yield "learning", learning.learning_id
    yield "text", learning.insight
    yield "status", f"{value.status}{reason}{', pinned' if value.pinned else ''}, epoch {value.epoch}"
    yield "value", f"{value.estimated_value:+.6f} with confidence {value.confidence:.6f}"
    yield "temporal", f"{value.temporal_value:+.6f} with confidence {value.temporal_confidence:.6f}"
    if value.ablation_value is not None and value.ablation_confidence is not None:
        yield "experiment", f"{value.ablation_value:+.6f} with confidence {value.ablation_confidence:.6f}"
    seen = (
        f"activated in {value.activation_rate:.0%} of those that had it"
        if value.can_tell
        else "activation cannot be told: its use leaves no trace"
    )
    yield "sessions", f"{value.session_count}, {seen}"
    yield "verdict", f"{value.verdict.kind}: {value.verdict.reason}"


def _section(found: Shown) -> Iterator[tuple[str, str]]:
    if (told := found.section) is None:
        return
    yield "section", told.sentence
    if told.section_id == found.learning.learning_id:
        for each in told.members:
            used = f"used in {each.activation_rate:.0%}" if each.can_tell else "its use leaves no trace"
            followed = f"{each.temporal_value:+.4f} after its uses, with confidence {each.temporal_confidence:.2f}"
            yield "", f"{each.learning_id}: {used}, {followed}"


def _experiment(found: Shown) -> Iterator[tuple[str, str]]:
    value, health, section = found.value, found.health, found.section
    result, lift = value.experiment, value.lift
    yield "arms", f"{value.sessions_with} with, {value.sessions_without} without"
    is_member = section is not None and section.section_id != value.learning_id
    yield "next", "drawn with its section" if is_member else f"withheld with p = {value.next_withhold_probability:g}"
    if result is not None:
        interval = f"{result.interval_low:+.4f} … {result.interval_high:+.4f}"
        yield (
            "difference",
            f"{result.marginal_value:+.4f}, 95 % interval {interval}, given the others as they were injected",
        )
        welch = f"{result.p_welch:.4g}" if result.df_welch else "none, as nothing varies"
        significant = " (significant)" if result.is_significant else ""
        yield (
            "p",
            f"{result.p_anytime:.4g}, valid at any time{significant}; Welch's, as a diagnostic: {welch}",
        )
        asked = f"a removal asks for {_odds(value.log_odds_needed)}"
        yield "odds for harm", f"{_odds(result.log_bf_harm)}; {asked}"
    if lift is not None:
        yield "lift", f"{lift.lift:+.3f} ({lift.low:+.3f} … {lift.high:+.3f}): used more often when injected"
    for note in health.experiment.notes:
        yield "note", note
    for note in notes_on(health.companions):
        yield "note", note


def notes_on(companions: Sequence[Companion]) -> Iterator[str]:
    """The first companions by name, and how many more there are: of a rules file's learnings each travels with all others."""
    for companion in companions[:_NAMED]:
        yield f"always travels with {companion.learning_id} ({companion.share:.0%}): the two cannot be told apart"
    if len(companions) > _NAMED:
        yield f"always travels with {len(companions) - _NAMED} more, too: --json names each"


def _print_groups(groups: Sequence[GroupEffect]) -> None:
    """Print the groups, those that differ from the rest first."""
    if not groups:
        return
    click.echo()
    print_rows(
        [
            ("where", "wrap"),
            ("effect", "right"),
            ("95 % limits", "left"),
            ("with", "right"),
            ("without", "right"),
            ("", "left"),
        ],
        [
            [
                f"{of.dimension} {of.group}",
                f"{of.effect:+.3f}",
                f"{of.low:+.3f} … {of.high:+.3f}",
                str(of.sessions_with),
                str(of.sessions_without),
                "differs from the rest" if of.differs else "",
            ]
            for of in sorted(groups, key=lambda of: not of.differs)
        ],
    )


def _odds(logarithm: float) -> str:
    """The smaller side is 1."""
    larger = f"{math.exp(min(abs(logarithm), 700.0)):,.3g}"
    return f"{larger} : 1" if logarithm >= 0 else f"1 : {larger}"


_SAID = {Answer.USED: "", Answer.NOT_USED: " no", Answer.CANNOT_TELL: " ?"}


def _print_records(records: Sequence[AttributionRecord]) -> None:
    click.echo()
    print_rows(
        [
            ("session", "wrap"),
            ("when", "left"),
            ("activated", "right"),
            ("net", "right"),
            ("outcome", "right"),
            ("attributed", "right"),
            ("arm", "left"),
        ],
        [
            [
                record.session_id,
                moment(record.timestamp),
                f"{record.activation_confidence:.2f}{_SAID[record.answer]}",
                f"{record.net_temporal:+.3f}",
                f"{record.session_outcome:+.1f}",
                f"{record.attributed_value:+.4f}",
                "withheld" if record.was_withheld else "injected",
            ]
            for record in records
        ],
    )
