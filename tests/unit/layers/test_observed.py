"""What followed a learning's uses, and what followed elsewhere, counted without randomisation."""

from dataclasses import replace
from itertools import permutations

from unit.layers.worlds import record

from worker.domain import AttributionRecord, ExplicitReference, Signal, SignalContribution, SignalKind
from worker.layers.aggregation.observed import Observed, observe


def signal(kind: SignalKind, detail: str = "", message_idx: int = 3) -> Signal:
    return Signal(
        message_idx=message_idx, kind=kind, is_positive=kind is SignalKind.POSITIVE, confidence=0.8, detail=detail
    )


def session(name: str, *signals: Signal, names: str = "rtk", used: bool = True) -> AttributionRecord:
    """One that used the learning, whose uses every signal followed at once; or one that did not."""
    plain = replace(record(), session_id=name, was_withheld=False, was_activated=used, signals=signals)
    if not used:
        return plain
    return replace(
        plain,
        activation_signals=(
            ExplicitReference(pattern=names, message_idx=2, span=f"[tool:Bash] command={names} bun run test"),
        ),
        temporal_contributions=tuple(
            SignalContribution(signal=each, activation_point=2, distance=1, weight=0.8) for each in signals
        ),
    )


FAILED = signal(SignalKind.TOOL_FAILURE, "Bash: rtk bun run test → error: unrecognized subcommand 'run'")
OTHER = signal(SignalKind.TOOL_FAILURE, "Bash: bun artkit")


def test_a_failed_call_that_names_the_learning_is_told_apart() -> None:
    """The failed command is itself a use; other failures count by their kind alone."""
    seen = observe("l", [session("a", FAILED, FAILED, OTHER), session("b", OTHER), session("c")])
    assert (seen.used, seen.named_failures, seen.sessions_with_named_failures) == (3, 2, 1)
    assert seen.after_use == {"tool_failure": 2}
    assert seen.share_of_failing_uses == 1 / 3
    assert seen.quote == FAILED.detail


def test_sessions_without_a_use_are_the_other_side() -> None:
    """Good signals count on neither side, sessions that it was withheld from nowhere."""
    praised = signal(SignalKind.POSITIVE)
    withheld = replace(session("w", FAILED), was_withheld=True)
    seen = observe("l", [session("a", praised), session("b", OTHER, OTHER, praised, used=False), withheld])
    assert (seen.in_force, seen.used, seen.after_use, seen.elsewhere) == (2, 1, {}, {"tool_failure": 1})
    assert seen.quote == "[tool:Bash] command=rtk bun run test"


def test_the_order_of_records_changes_nothing() -> None:
    """Every order gives the same counts and the same quote."""
    records = [session("a", FAILED), session("b", OTHER), session("c", signal(SignalKind.CORRECTION, "no"), used=False)]
    assert len({repr(observe("l", order)) for order in permutations(records)}) == 1


def test_nothing_known_is_nothing_counted() -> None:
    """No record: no session, no share, no quote."""
    assert observe("l", []) == Observed(learning_id="l")
    assert observe("l", []).share_of_failing_uses == 0


def test_what_cannot_be_told_is_in_no_other_count() -> None:
    """It is in force, and neither used nor a session without a use."""
    untold = replace(session("u", OTHER, used=False), leaves_trace=False)
    seen = observe("l", [session("a", FAILED), session("b", OTHER, used=False), untold])
    assert (seen.in_force, seen.used, seen.cannot_tell, seen.elsewhere) == (3, 1, 1, {"tool_failure": 1})
