"""`groove show`, `groove explain`: one learning, and what one session says about it."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from worker.domain import ActivationSignal, AttributionRecord, Learning, LearningValue
    from worker.layers.explain import Explanation
    from worker.store.protocol import LearningHealth


@click.command("show")
@click.argument("learning_id")
@click.option("--sessions", default=10, show_default=True, type=click.IntRange(min=0), help="Recent sessions to list.")
@click.option("--json", "as_json", is_flag=True)
def show_command(learning_id: str, sessions: int, *, as_json: bool) -> None:
    """All that is known about a learning: its text, the breakdown of its value, the experiment, recent sessions."""
    from worker.cli.access import full_id, open_store

    with open_store() as store:
        known = full_id(store, learning_id)
        learning = store.get_learnings([known])[known]
        value, health = store.get_learning_value(known), store.get_health(known)
        records = store.get_attributions_for_learning(known, limit=sessions) if sessions else []
    if as_json:
        document = {"learning": asdict(learning), "value": asdict(value), "health": asdict(health)}
        click.echo(json.dumps(document | {"sessions": [asdict(r) for r in records]}, ensure_ascii=False, indent=1))
        return
    _print_value(learning, value)
    _print_experiment(value, health)
    _print_records(records)


def _print_value(learning: "Learning", value: "LearningValue") -> None:
    from worker.cli.output import plain

    click.echo(f"learning    {plain(learning.learning_id)}")
    click.echo(f"text        {plain(learning.insight)}")
    reason = f" ({plain(value.status_reason)})" if value.status_reason else ""
    click.echo(f"status      {value.status}{reason}{', pinned' if value.pinned else ''}, epoch {value.epoch}")
    click.echo(f"value       {value.estimated_value:+.6f} with confidence {value.confidence:.6f}")
    click.echo(f"temporal    {value.temporal_value:+.6f} with confidence {value.temporal_confidence:.6f}")
    if value.ablation_value is not None and value.ablation_confidence is not None:
        click.echo(f"experiment  {value.ablation_value:+.6f} with confidence {value.ablation_confidence:.6f}")
    click.echo(f"sessions    {value.session_count}, activated in {value.activation_rate:.0%} of those that had it")
    needed = value.verdict.sessions_needed
    more = f"; about {needed} more eligible sessions until it is decided" if needed is not None else ""
    click.echo(f"verdict     {value.verdict.kind}: {plain(value.verdict.reason)}{more}")


def _print_experiment(value: "LearningValue", health: "LearningHealth") -> None:
    from worker.cli.output import plain

    result, lift = value.experiment, value.lift
    click.echo(f"arms        {value.sessions_with} with, {value.sessions_without} without")
    click.echo(f"next        withheld with p = {value.next_withhold_probability:g}")
    if result is not None:
        interval = f"{result.interval_low:+.4f} … {result.interval_high:+.4f}"
        click.echo(f"difference  {result.marginal_value:+.4f}, 95 % interval {interval}")
        significant = " (significant)" if result.is_significant else ""
        click.echo(
            f"p           {result.p_anytime:.4g}, valid at any time{significant}; Welch's, as a diagnostic: {result.p_welch:.4g}"
        )
    if lift is not None:
        click.echo(f"lift        {lift.lift:+.3f} ({lift.low:+.3f} … {lift.high:+.3f}): used more often when injected")
    for note in health.experiment.notes:
        click.echo(f"note        {plain(note)}")
    for companion in health.companions:
        click.echo(
            f"note        always travels with {plain(companion.learning_id)} ({companion.share:.0%}): the two cannot be told apart"
        )


def _print_records(records: "list[AttributionRecord]") -> None:
    from worker.cli.output import moment, print_rows

    click.echo()
    print_rows(
        [
            ("session", "flex"),
            ("when", "left"),
            ("activated", "right"),
            ("net", "right"),
            ("outcome", "right"),
            ("value", "right"),
            ("arm", "left"),
        ],
        [
            [
                record.session_id,
                moment(record.timestamp),
                f"{record.activation_confidence:.2f}{'' if record.was_activated else ' no'}",
                f"{record.net_temporal:+.3f}",
                f"{record.session_outcome:+.1f}",
                f"{record.attributed_value:+.4f}",
                "withheld" if record.was_withheld else "injected",
            ]
            for record in records
        ],
        as_json=False,
    )


@click.command("explain")
@click.argument("learning_id")
@click.argument("session_id")
@click.option("--json", "as_json", is_flag=True)
def explain_command(learning_id: str, session_id: str, *, as_json: bool) -> None:
    """Why SESSION_ID says what it says about LEARNING_ID: parts that add up to the stored numbers."""
    from worker.cli.access import full_id, full_session_id, open_store, open_the_ledger

    with open_the_ledger() as ledger:
        known_session = full_session_id(ledger, session_id)
    with open_store() as store:
        explanation = store.explain(full_id(store, learning_id), known_session)
    if as_json:
        click.echo(json.dumps(asdict(explanation), ensure_ascii=False, indent=1))
        return
    _print_activation(explanation)
    _print_temporal(explanation)
    _print_move(explanation)


def _print_activation(explanation: "Explanation") -> None:
    verb = "activated" if explanation.was_activated else "not activated"
    click.echo(f"{verb} with confidence {explanation.activation_confidence:.6f}")
    for signal in explanation.activation_signals:
        click.echo(f"  {_quoted(signal)}")


def _quoted(signal: "ActivationSignal") -> str:
    from worker.cli.output import plain
    from worker.domain import EmbeddingSimilarity

    found = f"{signal.score:.6f}" if isinstance(signal, EmbeddingSimilarity) else f"names {plain(signal.pattern)}"
    return f"message {signal.message_idx}: {found}: “{plain(signal.span)}”"


def _print_temporal(explanation: "Explanation") -> None:
    from worker.cli.output import print_rows

    click.echo()
    print_rows(
        [
            ("signal", "left"),
            ("message", "right"),
            ("distance", "right"),
            ("weight", "right"),
            ("confidence", "right"),
            ("product", "right"),
            ("share of the value", "right"),
        ],
        [
            [
                f"{'+' if part.is_positive else '-'} {part.kind} {part.detail}".rstrip(),
                str(part.message_idx),
                str(part.distance),
                f"{part.weight:.6f}",
                f"{part.confidence:.2f}",
                f"{part.product:.6f}",
                f"{part.attributed:+.9f}",
            ]
            for part in explanation.parts
        ],
        as_json=False,
    )
    click.echo()
    click.echo(
        f"positive {explanation.positive:.6f} − negative {explanation.negative:.6f} = net {explanation.net:+.6f}"
    )
    click.echo(f"net / (positive + negative + {explanation.kappa:g}) = {explanation.bounded:+.9f}")
    click.echo(
        f"attributed value {explanation.attributed_value:+.9f}{'' if explanation.adds_up else ' (stored under other settings)'}"
    )


def _print_move(explanation: "Explanation") -> None:
    chance = explanation.withhold_probability
    click.echo(
        f"{explanation.arm}, "
        + (f"withheld with p = {chance:g}" if chance else "not randomised: in no arm of the experiment")
    )
    if not explanation.counts:
        click.echo("the record belongs to an earlier epoch and no longer counts")
    move = explanation.move
    click.echo(
        f"without it the learning's value is {move.without.estimated_value:+.9f} (confidence {move.without.confidence:.6f}), "
        f"with it {move.with_.estimated_value:+.9f} ({move.with_.confidence:.6f}): moved by {move.estimated_value:+.9f}"
    )
