"""What a transcript shows of the experiment counts; what the hook recorded is compared with it, and gives the chances."""

from dataclasses import replace
from typing import Any

import pytest
from unit.assessor.told_sessions import STARTED, replies, says, session

from assessor.event import Account, heavy_event
from assessor.in_force import InForce, Source, beside_a_hook
from assessor.outcome import Outcome
from assessor.rules.catalogue import Place, Rule
from assessor.rules.units import PieceKind
from assessor.taking_part import Agreement, TakingPart, given_to_all, taking_part
from worker.formats.heavy_event import read_heavy_event
from worker.formats.hook_spool import HookEvent, SpoolRecord
from worker.formats.hook_trace import HookTrace, trace_comment
from worker.formats.transcripts.session import ReadSession

A, B, C = "aaaaaaaa-1111", "bbbbbbbb-2222", "cccccccc-3333"
KNOWN = (A, B, C, "aaaaaaaa-9999")
RECORD = SpoolRecord(
    at=STARTED,
    event=HookEvent.SESSION_START,
    session_id="s-1",
    conversation_id="s-1",
    policy_version="3-abc",
    takes_part=True,
    is_printed=True,
    injected=(A, B),
    withheld=(C,),
    probabilities={A: 0.1, B: 0.1, C: 0.5},
)


def shown(*traces: HookTrace) -> ReadSession:
    contexts = tuple(f"Learnings:\n- x\n{trace_comment(trace)}" for trace in traces)
    return session(says("do it"), replies("done"), hook_contexts=contexts)


def trace(injected: tuple[str, ...] = ("aaaaaaaa-1", "bbbbbbbb"), **changes: Any) -> HookTrace:
    told = {"policy_version": "3-abc", "conversation_id": "s-1", "injected": injected, "withheld": ("cccccccc",)}
    return HookTrace(**told | changes)


def test_what_both_say_takes_part() -> None:
    """In one text, in two that were split, and again after a compaction."""
    for traces in (
        [trace()],
        [trace(), trace()],
        [trace(("aaaaaaaa-1",)), trace(("bbbbbbbb",))],
    ):
        part = taking_part(shown(*traces), [RECORD], KNOWN)
        assert (part.agreement, part.injected, part.withheld) == (Agreement.AGREES, (A, B), (C,))
        assert part.probabilities == {A: 0.1, B: 0.1, C: 0.5}


def test_all_may_be_withheld() -> None:
    """There is a trace all the same."""
    record = replace(RECORD, injected=(), withheld=(C,))
    part = taking_part(shown(trace(())), [record], KNOWN)
    assert (part.agreement, part.is_shown, part.injected, part.withheld) == (Agreement.AGREES, True, (), (C,))


def test_without_a_trace_a_session_took_no_part() -> None:
    """Whatever the hook meant to do; that nothing was recorded either is no disagreement."""
    assert taking_part(shown(), [RECORD], KNOWN) == TakingPart(agreement=Agreement.NO_TRACE)
    no_part = replace(RECORD, takes_part=False, injected=(), withheld=())
    assert taking_part(shown(), [no_part], KNOWN) == TakingPart()
    assert taking_part(shown(), [replace(RECORD, is_printed=False)], KNOWN) == TakingPart()
    assert taking_part(shown(), [], KNOWN) == TakingPart()


@pytest.mark.parametrize(
    ("traces", "injected", "withheld", "chances"),
    [
        ([trace(("aaaaaaaa-1",))], (A,), (C,), {A: 0.1, B: 0.0, C: 0.5}),
        ([trace(withheld=())], (A, B), (), {A: 0.1, B: 0.1, C: 0.0}),
        ([trace(("aaaaaaaa-1", "bbbbbbbb", "cccccccc"))], (A, B, C), (), {A: 0.1, B: 0.1, C: 0.0}),
        ([trace(("aaaaaaaa-1",), withheld=("cccccccc", "bbbbbbbb"))], (A,), (C, B), {A: 0.1, B: 0.0, C: 0.5}),
        ([trace(policy_version="4-def")], (A, B), (C,), {A: 0.1, B: 0.1, C: 0.5}),
        ([trace(("aaaaaaaa-1", "bbbbbbbb", "zzzzzzzz"))], (A, B), (C,), {A: 0.1, B: 0.1, C: 0.5}),
    ],
    ids=[
        "a part is missing",
        "not withheld either",
        "injected all the same",
        "withheld all the same",
        "another policy",
        "an unknown mark",
    ],
)
def test_where_they_differ_the_transcript_counts(
    traces: list[HookTrace], injected: tuple[str, ...], withheld: tuple[str, ...], chances: dict[str, float]
) -> None:
    """What did not go where it was drawn to stands in no arm."""
    part = taking_part(shown(*traces), [RECORD], KNOWN)
    assert (part.agreement, part.injected, part.withheld) == (Agreement.DIFFERS, injected, withheld)
    assert part.probabilities == chances


def test_a_trace_that_nobody_recorded_was_not_drawn_here() -> None:
    """What it names was injected and withheld; the chances are not known. A mark that may mean two learnings means none."""
    part = taking_part(shown(trace(("aaaaaaaa", "bbbbbbbb"))), [], KNOWN)
    assert (part.agreement, part.injected, part.withheld) == (Agreement.NO_RECORD, (B,), (C,))
    assert set(part.probabilities.values()) == {0.0}


def test_a_quoted_trace_is_none() -> None:
    """Only what a hook put in counts, not what was said or printed."""
    quoting = session(says(trace_comment(trace())), replies(trace_comment(trace())))
    assert taking_part(quoting, [], KNOWN) == TakingPart()


def event_of(part: TakingPart) -> dict[str, Any]:
    account = Account(
        session=shown(trace()),
        project="/w",
        in_force=beside_a_hook(
            InForce(learning_ids=("plain", C), source=Source.GIT), part.injected, withheld=part.withheld
        ),
        texts={},
        heard=(),
        outcome=Outcome(value=1.0, confidence=1.0, parts=()),
        taking_part=part,
    )
    document: dict[str, Any] = heavy_event(account, ended_at=STARTED)
    return document


def test_the_event_names_arms_and_chances() -> None:
    """Rules of other files were not drawn; a session without a trace says nothing about withholding."""
    part = taking_part(shown(trace()), [RECORD], KNOWN)
    document = event_of(part)
    context = document["context"]
    assert context["took_part"] is True
    assert context["active_learnings"] == ["plain", A, B]
    assert context["withheld_learnings"] == [C]
    assert context["withhold_probabilities"] == {"plain": 0.0, A: 0.1, B: 0.1, C: 0.5}
    assert context["experiment"] == {"policy_version": "3-abc", "conversation_id": "s-1", "agreement": "agrees"}
    assert document == event_of(part)
    said = {"took_part", "withheld_learnings", "withhold_probabilities", "experiment"}
    assert not said & set(event_of(TakingPart())["context"])
    dropped = event_of(TakingPart(agreement=Agreement.NO_TRACE))["context"]
    assert (dropped["took_part"], dropped["experiment"]["agreement"]) == (False, "no trace")
    assert "withheld_learnings" not in dropped


def test_a_rules_file_in_the_transcript_goes_before_the_hook() -> None:
    """It was withheld in vain; what only the file's history says is older than the move out of it."""
    shown_ = InForce(learning_ids=(A, C), source=Source.GIT, shown=frozenset({C}))
    assert beside_a_hook(shown_, (B,), (A, C)).learning_ids == (C, B)
    assert beside_a_hook(InForce(), (B,), (C,)).source is Source.TRANSCRIPT


def test_the_pipeline_reads_it() -> None:
    """The event is one of groove's own form."""
    import json

    part = taking_part(shown(trace()), [RECORD], KNOWN)
    event = read_heavy_event(json.dumps(event_of(part)).encode(), logged_at=STARTED)
    assert event.expected_learnings == ("plain", A, B, C)
    assert event.withhold_probabilities[C] == 0.5


def test_what_a_hook_gave_to_all_was_in_force() -> None:
    """Without a draw: those of the managed file whose words stand in the text; the session takes no part."""

    def rule(id_: str, text: str, path: str) -> Rule:
        place = Place(path=path, first=0, last=1)
        return Rule(learning_id=id_, scope="project:/w", unit="bullet", kind=PieceKind.ITEM, text=text, places=(place,))

    rules = {
        A: rule(A, "Run `make check`", "/w/.groove/learnings.md"),
        B: rule(B, "Never sleep", "/w/.groove/learnings.md"),
        C: rule(C, "Run", "/w/CLAUDE.md"),
    }
    given = session(says("do it"), hook_contexts=("Learnings:\n\n- Run `make check`\n\n<!-- groove-all s-1 -->",))
    assert given_to_all(given, rules) == [A]
    assert taking_part(given, [], KNOWN) == TakingPart()
    assert given_to_all(session(says("do it"), hook_contexts=("- Run `make check`",)), rules) == []
