"""`groove explain`: why one session says what it says about a learning."""

from dataclasses import asdict

import click

from worker.cli.support.output import print_hanging, print_json
from worker.cli.support.tables import print_rows
from worker.domain import ActivationSignal, Answer, EmbeddingSimilarity
from worker.formats.heavy_event import read_heavy_event
from worker.layers.aggregation.explain import Explanation
from worker.ledger import Ledger
from worker.operations.assessment import kept_work
from worker.operations.connections import open_store, open_the_ledger
from worker.operations.ids import full_id, full_session_id

_SAID = {
    Answer.USED: "activated with confidence",
    Answer.NOT_USED: "not activated with confidence",
    Answer.CANNOT_TELL: "cannot tell (its use leaves no trace); confidence",
}


@click.command("explain")
@click.argument("learning_id")
@click.argument("session_id")
@click.option("--json", "as_json", is_flag=True)
def explain_command(learning_id: str, session_id: str, *, as_json: bool) -> None:
    """Why SESSION_ID says what it says about LEARNING_ID: parts that add up to the stored numbers."""
    with open_the_ledger() as ledger, open_store() as store:
        known_session = full_session_id(ledger, session_id)
        explanation = store.explain(full_id(store, learning_id), known_session)
        left_out = _left_out(ledger, known_session, explanation.learning_id)
    if as_json:
        print_json(asdict(explanation) | {"left_out": left_out})
        return
    _print_activation(explanation)
    _print_temporal(explanation)
    _print_left_out(left_out)
    _print_expected(explanation)
    _print_move(explanation)


def _print_activation(explanation: Explanation) -> None:
    click.echo(f"{_SAID[explanation.answer]} {explanation.activation_confidence:.6f}")
    for signal in explanation.activation_signals:
        print_hanging(f"  message {signal.message_idx}: ", _quoted(signal))


def _quoted(signal: ActivationSignal) -> str:
    found = f"{signal.score:.6f}" if isinstance(signal, EmbeddingSimilarity) else f"names {signal.pattern}"
    return f"{found}: “{signal.span}”"


def _print_temporal(explanation: Explanation) -> None:
    click.echo()
    if not explanation.parts:
        click.echo("no signal counts for a use of it")
        _print_net(explanation)
        return
    print_rows(
        [
            ("signal", "wrap"),
            ("message", "right"),
            ("distance", "right"),
            ("weight", "right"),
            ("confidence", "right"),
            ("product", "right"),
            ("share", "right"),
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
    )
    _print_net(explanation)


def _print_net(explanation: Explanation) -> None:
    click.echo()
    sides = f"positive {explanation.positive:.6f} − negative {explanation.negative:.6f}"
    print_hanging("", f"{sides} = net {explanation.net:+.6f}")
    print_hanging("", f"net / (positive + negative + {explanation.kappa:g}) = {explanation.bounded:+.9f}")
    stored = "" if explanation.adds_up else " (stored under other settings)"
    print_hanging("attributed value ", f"{explanation.attributed_value:+.9f}{stored}")


def _left_out(ledger: Ledger, session_id: str, learning_id: str) -> dict[str, str]:
    """Kinds of signals that the learning's own text moves, with the reasons that came with the event; none once the event is pruned."""
    work = kept_work(ledger, session_id)
    if work is None:
        return {}
    return read_heavy_event(work.payload, logged_at=work.logged_at).excluded_signals.get(learning_id, {})


def _print_left_out(left_out: dict[str, str]) -> None:
    for kind, reason in left_out.items():
        print_hanging("left out: ", f"{kind} ({reason})")


def _print_expected(explanation: Explanation) -> None:
    """What was to be expected of the session, feature by feature, to the millionth."""
    for part in explanation.expected:
        print_hanging(f"  {part.millionths / 1e6:+.6f}  ", _named(part.feature))
    outcome, compared = round(explanation.session_outcome * 1000), explanation.compared_thousandths
    expected = f"outcome {outcome / 1000:+.3f} − expected {explanation.expected_thousandths / 1000:+.3f}"
    print_hanging("", f"{expected} = {compared / 1000:+.3f}, which the experiment compares")
    if explanation.weight_millionths != 1_000_000:
        print_hanging("", f"it stands for {explanation.weight_millionths / 1e6:g} sessions: few like it are assessed")


def _named(feature: str) -> str:
    names = {"1": "any session", "average": "less the average session", "rounding": "rounded to thousandths"}
    other = feature.removeprefix("+").rpartition("@")[0]
    return names.get(feature) or (f"with {other}" if feature.startswith("+") else feature)


def _print_move(explanation: Explanation) -> None:
    chance = explanation.withhold_probability
    randomised = f"withheld with p = {chance:g}" if chance else "not randomised: in no arm of the experiment"
    print_hanging("", f"{explanation.arm}, {randomised}")
    if not explanation.counts:
        click.echo("the record belongs to an earlier epoch and no longer counts")
    move = explanation.move
    print_hanging(
        "",
        f"without it the learning's value is {move.without.estimated_value:+.9f} (confidence {move.without.confidence:.6f}), "
        f"with it {move.with_.estimated_value:+.9f} ({move.with_.confidence:.6f}): moved by {move.estimated_value:+.9f}",
    )
