"""The light assessor: signals where they happened, and an outcome made of parts, or unknown."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.assessor.told_sessions import MINUTE, STARTED, answers, calls, replies, runs, says, session

from assessor.calls import calls_of
from assessor.commands import goes_back, hands_over, hides_its_code, is_check, never_ran
from assessor.event import Account, heavy_event
from assessor.in_force import InForce, Source
from assessor.measure_trap import moved_by
from assessor.outcome import Outcome, outcome, parts_of
from assessor.signals import signals_of
from assessor.wire_transcript import transcript_to_wire
from worker.domain import SignalKind
from worker.formats.heavy_event import read_heavy_event
from worker.formats.transcripts.messages import parse_transcript
from worker.formats.transcripts.session import ReadSession, Refusal, Speaker
from worker.formats.wire import parse_timestamp


def heard(told: ReadSession) -> list[tuple[int, str]]:
    return [(each.message_idx, str(each.kind)) for each in signals_of(told, calls_of(told))]


def judged(told: ReadSession, survival: float | None = None) -> Outcome:
    made = calls_of(told)
    return outcome(parts_of(told, made, signals_of(told, made), survival=survival))


def kinds(told: ReadSession) -> set[str]:
    return {part.kind for part in judged(told).parts}


def test_the_words_of_a_refusal_correct() -> None:
    """The call was rejected, and what the person said with it is a correction; no failure of the tool."""
    told = session(says("build"), runs("npm i"), answers(rejected=True), says("use bun", Speaker.REJECTION))
    assert heard(told) == [(2, "rejection"), (3, "correction")]


def test_a_refusal_by_the_harness_is_nobodys_signal() -> None:
    """A classifier that denied a call says nothing about what a person thought."""
    told = session(says("x"), runs("curl y"), answers(error=True), refusals={(2, 0): Refusal.CLASSIFIER})
    assert heard(told) == []


def test_the_prompt_after_an_interruption_corrects() -> None:
    """Only the first one, only after it, and not where it only says to go on."""
    told = session(says("go"), replies("…"), says("use tabs"), replies("ok"), says("more"), interruptions=(1,))
    assert heard(told) == [(1, "interruption"), (2, "correction")]
    carried_on = session(says("go"), replies("…"), says("continue"), interruptions=(1,))
    assert heard(carried_on) == [(1, "interruption")]


@pytest.mark.parametrize(
    ("text", "speaker", "kind"),
    [
        ("no, use bun instead", Speaker.QUEUED, "correction"),
        ("wait, that is the wrong folder", Speaker.QUEUED, "correction"),
        ("and add a test", Speaker.QUEUED, None),
        ("No, that is wrong", Speaker.PERSON, "negative"),
        ("no problem, go on", Speaker.PERSON, None),
        ("can you use a switch case instead", Speaker.PERSON, None),
        ("Perfect!", Speaker.PERSON, "positive"),
        ("not perfect yet", Speaker.PERSON, None),
        ("please revert that", Speaker.PERSON, "revert"),
        ("add an undo button", Speaker.PERSON, None),
    ],
)
def test_what_people_say(text: str, speaker: Speaker, kind: str | None) -> None:
    """Opening words count; a task that mentions a word does not."""
    found = [each for idx, each in heard(session(says("go"), replies("…"), says(text, speaker))) if idx == 2]
    assert found == ([kind] if kind else [])


def test_failures_stand_where_the_answer_came() -> None:
    """Each answer goes to its own call; lost and called-off answers are no failures."""
    told = session(
        says("go"),
        runs("a"),
        calls("Read", file_path="/w/x"),
        answers("text", tool="Read"),
        answers("boom", error=True),
        runs("b"),
        answers("[Tool result missing due to internal error]", error=True),
    )
    assert heard(told) == [(4, "tool_failure")]


def test_the_third_of_the_same_call_is_a_retry() -> None:
    """Two may be chance."""
    told = session(says("go"), *[turn for _ in range(3) for turn in (runs("ls"), answers())])
    assert heard(told) == [(5, "retry")]


def test_checks_are_told_by_exit_codes_never_by_text() -> None:
    """Green suites print "2 failed"; an exit code that the format gives beats the answer's kind."""
    green = session(says("go"), runs("cd web && bun test"), answers("2 failed, Error: x"))
    red = session(says("go"), runs("bun test"), answers("all good"), exit_codes={(2, 0): 1})
    (status,) = [each for each in signals_of(green, calls_of(green)) if each.kind is SignalKind.BUILD_STATUS]
    assert status.passed
    assert heard(red) == [(2, "build_status"), (2, "tool_failure")]


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        ("pytest -q", True),
        ("cd x && CI=1 npm run test:unit", True),
        ("rtk bun run lint 2>&1", True),
        ("cargo test; cargo build", True),
        ("pytest | tail -3", False),
        ("set -o pipefail && pytest | tail -3", True),
        ("pytest || true", False),
        ("pytest; echo done", False),
        ("npm test &", False),
        ("cat pytest.ini", False),
        ("git commit -m 'make test'", False),
        ("", False),
    ],
)
def test_commands_whose_code_is_that_of_a_check(command: str, *, is_one: bool) -> None:
    """A pipe, `|| true` and a later command hide the code."""
    assert is_check(command) is is_one


def test_what_other_commands_are_for() -> None:
    """Handing over, going back, and never having run behind a pipe."""
    assert hands_over("git add . && git commit -m x")
    assert hands_over("gh pr create --fill")
    assert not hands_over("git log --grep commit")
    assert goes_back("git checkout -- src/a.py")
    assert goes_back("git -C web restore .")
    assert goes_back("git reset --hard HEAD~1")
    assert not goes_back("git branch kept && git reset --hard HEAD~2")
    assert not goes_back("git reset --hard origin/main")
    assert not goes_back("git checkout main")
    assert never_ran("Exit code 2\nerror: unrecognized subcommand 'bun'\n\nUsage: rtk")
    assert never_ran("bash: foo: command not found")
    assert not never_ran("2 failed, 3 passed\nerror: unknown command")
    assert hides_its_code("pytest | tail -3")
    assert not hides_its_code("grep -E 'a|b' x")


def test_a_command_that_never_ran_failed_behind_a_pipe_too() -> None:
    """The pipe's code says that all is well; a suite that prints failures there stays unknown."""
    refused = session(says("go"), runs("rtk bun test | tail"), answers("error: unrecognized subcommand 'bun'"))
    assert heard(refused) == [(2, "tool_failure")]
    assert heard(session(says("go"), runs("pytest | tail"), answers("2 failed"))) == []


def test_work_that_was_handed_over_at_a_persons_word_is_accepted() -> None:
    """A commit that nobody asked for says nothing."""
    commit = [runs("git commit -am x"), answers()]
    assert judged(session(says("add x, then commit"), *commit)).value == 1.0
    assert judged(session(says("add x"), *commit)).value is None
    assert judged(session(says("add x, don't commit"), *commit)).value is None


def test_a_red_check_after_the_commit_draws_it_down() -> None:
    """Parts are weighted, not overruled."""
    told = session(says("commit it"), runs("git commit -am x"), answers(), runs("pytest"), answers(error=True))
    assert judged(told).value == 0.5


def test_work_that_ends_with_a_stop_is_abandoned() -> None:
    """Unless something was committed, or the person went on."""
    stopped = session(says("go"), replies("…"), interruptions=(1,))
    assert judged(stopped).value == -1.0
    assert kinds(session(says("go"), replies("…"), says("use tabs"), interruptions=(1,))) == {"interruption"}
    assert kinds(session(says("go"), runs("git commit"), answers(), interruptions=(2,))) == {"interruption"}


def test_undone_edits_are_a_failure() -> None:
    """The session's own edits thrown away; without an edit before, nothing of its own was."""
    edit = [calls("Edit", file_path="/w/a", old_string="a", new_string="b"), answers(tool="Edit")]
    back = [runs("git checkout -- a"), answers()]
    assert judged(session(says("go"), *edit, *back)).value == -1.0
    assert judged(session(says("go"), *back)).value is None


def test_praise_counts_at_the_end_only() -> None:
    """One prompt alone praises nothing."""
    assert kinds(session(says("go"), replies("…"), says("looks good"))) == {"positive"}
    assert kinds(session(says("go"), replies("…"), says("looks good"), replies("…"), says("now b"))) == set()


def test_failed_calls_are_no_part_and_without_parts_nothing_is_known() -> None:
    """The number of errors has no gradient with success."""
    told = session(says("go"), runs("ls /x"), answers(error=True))
    assert judged(told) == Outcome(value=None, confidence=0.0, parts=())


def test_what_survives_weighs_most() -> None:
    """All lines there: 1; half: 0; none: −1."""
    told = session(says("go"), replies("done"))
    assert [judged(told, survival=share).value for share in (1.0, 0.5, 0.0)] == [1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("Run the tests before you finish", {"build_status"}),
        ("Never commit without approval", {"accepted", "correction", "rejection", "interruption", "negative"}),
        ("Ask before acting", {"correction", "rejection", "interruption", "negative"}),
        ("Always prefix commands with `rtk`", set()),
        ("Use tabs", set()),
    ],
)
def test_the_measure_trap(text: str, moved: set[str]) -> None:
    """A text moves what it asks for; failures of a command that it asks for are its real harm and stay."""
    assert set(moved_by(text)) == moved
    assert "tool_failure" not in moved_by(text)


def account(told: ReadSession, *, texts: dict[str, str]) -> Account:
    made = calls_of(told)
    signals = signals_of(told, made)
    return Account(
        session=told,
        project="/w",
        in_force=InForce(learning_ids=tuple(texts), source=Source.GIT, files={"/w/CLAUDE.md": Source.GIT}),
        texts=texts,
        heard=signals,
        outcome=outcome(parts_of(told, made, signals)),
    )


def event_of(told: ReadSession, **options: Any) -> dict[str, Any]:
    texts = {"tests": "Run the tests", "tabs": "Use tabs"}
    return heavy_event(account(told, texts=texts), **{"ended_at": 0, **options})


TOLD = session(
    says("add x, then commit. The token: ghp_" + "a1B2" * 9),
    runs("pytest"),
    answers("1 failed", error=True),
    calls("Read", file_path="/w/x"),
    answers(tool="Read"),
    runs("git commit -m x"),
    answers(),
    runs("rm -r x"),
    answers("The user doesn't want to proceed with this tool use.", rejected=True),
    says("keep it", Speaker.REJECTION),
)


def test_the_event_is_read_as_any_heavy_event() -> None:
    """Session, rules, signals, and the outcome that each learning is measured by."""
    event = read_heavy_event(json.dumps(event_of(TOLD)).encode(), logged_at=0)
    assert (event.session_id, event.active_learnings, event.timestamp) == ("s-1", ("tests", "tabs"), TOLD.ended_at)
    assert event.withheld_learnings is None
    assert event.outcome_for("tabs") == event.outcome
    assert event.outcome_for("tests") not in (None, event.outcome)
    assert set(event.excluded_signals) == {"tests"}
    assert set(event.excluded_signals["tests"]) == {"build_status"}
    assert [(each.message_idx, str(each.kind)) for each in event.signals] == heard(TOLD)


def test_circumstances_and_parts_travel_with_the_event() -> None:
    """What confounds a value is kept: assistant, version, model, branch, and how the rules are known."""
    event = event_of(TOLD)
    context = event["context"]
    assert (context["harness"], context["version"], context["model"]) == ("claude-code", "2.1.280", "claude-x")
    assert (context["branch"], context["in_force"], context["in_force_files"]) == (
        "main",
        "git",
        {"/w/CLAUDE.md": "git"},
    )
    assert {part["kind"] for part in event["assessment"]["parts"]} == {"accepted", "build_status", "rejection"}


def test_the_transcript_comes_back_as_it_was_without_secrets() -> None:
    """Each message and block stands where it stood, rejected calls are known as such, and the token is gone."""
    event = event_of(TOLD)
    assert "a1B2a1B2" not in json.dumps(event)
    read = parse_transcript(event["context"]["transcript"])
    assert read.messages[1:] == TOLD.transcript.messages[1:-3] + read.messages[-3:]
    assert [block.rejected for message in read.messages[-3:] for block in message.blocks] == [True, True, False]


def test_an_unknown_outcome_enters_no_arm() -> None:
    """Signals and uses still count."""
    event = read_heavy_event(json.dumps(event_of(session(says("go"), replies("ok")))).encode(), logged_at=0)
    assert (event.outcome_known, event.outcome_for("tabs")) == (False, None)


def test_the_same_session_is_the_same_event() -> None:
    """Byte for byte; a later account replaces it, and another content has another id."""
    first, again, later = event_of(TOLD), event_of(TOLD), event_of(TOLD, revision=1)
    assert json.dumps(first) == json.dumps(again)
    assert first["context"]["event_id"] == later["context"]["event_id"]
    one, two = (parse_timestamp(each["context"]["timestamp"]) for each in (first, later))
    assert one < two
    assert event_of(session(says("other")))["context"]["event_id"] != first["context"]["event_id"]


def test_without_times_the_files_own_stands_in() -> None:
    """Some formats tell none."""
    told = session(says("go"), started_at=None, ended_at=None, times=())
    event = read_heavy_event(json.dumps(event_of(told, ended_at=STARTED + MINUTE)).encode(), logged_at=0)
    assert event.timestamp == STARTED + MINUTE


_TURNS = st.lists(
    st.one_of(
        st.builds(says, st.text(min_size=1).filter(str.strip)),
        st.builds(replies, st.text(min_size=1).filter(str.strip)),
        st.builds(lambda tool, text: calls(tool, command=text), st.sampled_from(["Bash", "Read"]), st.text()),
        st.builds(
            lambda tool, text, error: answers(text, tool, error=error),
            st.sampled_from(["Bash", "Read"]),
            st.text(),
            st.booleans(),
        ),
    ),
    max_size=8,
)


@given(_TURNS)
def test_any_transcript_comes_back(turns: list[Any]) -> None:
    """As many messages and blocks, with the same texts and kinds, whatever was called and answered in whatever order."""
    told = session(*turns)
    read = parse_transcript(transcript_to_wire(told.transcript))
    assert [[(block.kind, block.text) for block in message.blocks] for message in read.messages] == [
        [(block.kind, block.text) for block in message.blocks] for message in told.transcript.messages
    ]
