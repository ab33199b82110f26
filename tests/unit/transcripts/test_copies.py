"""Lines that several sessions hold count once: the original keeps them, its forks keep what is their own."""

from unit.transcripts.written import attachment, bash, lines, people, prompt, reply, result, text

from worker.formats.transcripts.copies import families, footprint, own_part, shared_lines
from worker.formats.transcripts.opening import open_session
from worker.formats.transcripts.session import ReadSession

PARENT = (
    prompt("u1", None, "add a test", 1),
    attachment("x1", "u1", 1, type="instructions", files=[{"path": "/w/CLAUDE.md", "content": "- Use bun."}]),
    reply("a1", "x1", text("Done."), second=2),
    prompt("u2", "a1", "now docs", 3),
    reply("a2", "u2", text("Docs."), second=4),
)
OWN = (
    prompt("u9", "a2", "now a changelog", 20),
    reply("a9", "u9", bash("t9", "make"), second=21),
    result("r9", "a9", "t9", "Exit code 2", 22, is_error=True),
    prompt("i9", "r9", [text("[Request interrupted by user]")], 23),
)


def session(name: str, *entries: dict[str, object], **more: object) -> ReadSession:
    return open_session(lines(*({**entry, "sessionId": name, **more} for entry in entries)))


def own(*sessions: ReadSession) -> dict[str, list[str] | None]:
    """What each session's people said in its own part; None for a copy."""
    shared = shared_lines(map(footprint, sessions))
    parts = {one.session_id: own_part(one, shared.get(one.session_id)) for one in sessions}
    return {name: people(part) if part else None for name, part in parts.items()}


def test_a_fork_keeps_its_own_part() -> None:
    """The child begins with the parent's lines under its own session id: they stay the parent's, in whatever order they are found."""
    parent, child = session("p", *PARENT), session("c", *PARENT, *OWN)
    expected = {"p": ["add a test", "now docs"], "c": ["now a changelog"]}
    assert own(parent, child) == expected
    assert own(child, parent) == expected
    shared = shared_lines(map(footprint, (parent, child)))
    assert families(shared) == [frozenset({"c", "p"})]
    assert shared["c"].owner == "p"


def test_what_is_known_of_the_own_part_moves_with_it() -> None:
    """Codes, interruptions, times and rules are those of the messages that stay."""
    parent, child = session("p", *PARENT), session("c", *PARENT, *OWN)
    part = own_part(child, shared_lines(map(footprint, (parent, child))).get("c"))
    assert part is not None
    assert part.exit_codes == {(2, 0): 2}
    assert part.interruptions == (2,)
    assert part.line_ids == ("u9", "a9", "r9")
    assert part.started_at == child.times[4]
    assert [rules.message_idx for rules in part.rules] == [0]


def test_two_forks_share_what_both_hold_once() -> None:
    """Both branches and the trunk together count every line once."""
    other = prompt("u7", "a2", "instead, release it", 30)
    read = own(session("p", *PARENT), session("b", *PARENT, *OWN), session("c", *PARENT, *OWN[:2], other))
    assert sorted(words for part in read.values() for words in part or []) == [
        "add a test",
        "instead, release it",
        "now a changelog",
        "now docs",
    ]


def test_a_whole_copy_is_a_copy() -> None:
    """A file that holds nothing of its own names its original; a background copy is never the original."""
    first, second = session("p", *PARENT), session("a-copy", *PARENT, sessionKind="bg")
    assert own(first, second) == {"p": ["add a test", "now docs"], "a-copy": None}
    shared = shared_lines(map(footprint, (second, first)))
    assert shared["a-copy"].owner == "p"
    assert shared["a-copy"].is_all


def test_of_several_accounts_of_a_session_the_longest_counts() -> None:
    """A snapshot of a session that was taken earlier is a copy of the later one, in whatever order they are found."""
    short, long = session("p", *PARENT), session("p", *PARENT, *OWN)
    for order in ((short, long), (long, short)):
        shared = shared_lines([footprint(one, key=str(len(one.times))) for one in order])
        assert set(shared) == {"4"}
        assert shared["4"].is_all
        assert shared["4"].owner == "7"


def test_sessions_that_share_nothing_are_no_family() -> None:
    """Without common lines nothing is shared."""
    assert shared_lines(map(footprint, (session("p", *PARENT), session("q", *OWN)))) == {}


def test_a_codex_child_leaves_its_parents_turns() -> None:
    """Turns that the parent has are the parent's, also where they were not written all at once."""

    def rollout(name: str, *turns: str, **meta: object) -> ReadSession:
        entries: list[dict[str, object]] = [
            {"timestamp": "2026-07-01T10:00:00Z", "type": "session_meta", "payload": {"id": name, **meta}}
        ]
        for second, turn in enumerate(turns, start=5):
            moment = f"2026-07-01T10:00:{second:02}Z"
            entries.append({"timestamp": moment, "type": "turn_context", "payload": {"turn_id": turn}})
            entries.append(
                {"timestamp": moment, "type": "event_msg", "payload": {"type": "user_message", "message": turn}}
            )
        return open_session(lines(*entries))

    assert own(rollout("child", "T1", "T2", "T3", forked_from_id="parent"), rollout("parent", "T1", "T2")) == {
        "child": ["T3"],
        "parent": ["T1", "T2"],
    }
