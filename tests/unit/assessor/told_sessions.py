"""Synthetic sessions for the assessor's tests, written as a person would tell them."""

from dataclasses import replace
from typing import Any

from worker.domain import Block, BlockKind, Message, Transcript
from worker.formats.transcripts.session import Harness, ReadSession, Speaker
from worker.formats.wire import parse_timestamp

STARTED = parse_timestamp("2026-03-01T10:00:00Z")
MINUTE = 60_000_000

Turn = tuple[str, tuple[Block, ...], Speaker | None]


def says(text: str, speaker: Speaker = Speaker.PERSON) -> Turn:
    return "user", (Block(kind=BlockKind.TEXT, text=text),), speaker


def replies(text: str) -> Turn:
    return "assistant", (Block(kind=BlockKind.TEXT, text=text),), None


def calls(tool: str, **given: Any) -> Turn:
    text = " ".join(f"{key}={value}" for key, value in given.items())
    return "assistant", (Block(kind=BlockKind.TOOL_USE, text=text, tool=tool, input=given),), None


def runs(command: str) -> Turn:
    return calls("Bash", command=command)


def answers(text: str = "ok", tool: str = "Bash", *, error: bool = False, rejected: bool = False) -> Turn:
    kind = BlockKind.TOOL_ERROR if error or rejected else BlockKind.TOOL_RESULT
    return "user", (Block(kind=kind, text=text, tool=tool, rejected=rejected),), None


def session(*turns: Turn, **changes: Any) -> ReadSession:
    """One message per turn, a minute apart."""
    messages = tuple(Message(message_idx=idx, role=role, blocks=blocks) for idx, (role, blocks, _) in enumerate(turns))
    told = ReadSession(
        session_id="s-1",
        harness=Harness.CLAUDE_CODE,
        transcript=Transcript(messages=messages),
        speakers={idx: speaker for idx, (_, _, speaker) in enumerate(turns) if speaker is not None},
        started_at=STARTED,
        ended_at=STARTED + len(turns) * MINUTE,
        times=tuple(STARTED + idx * MINUTE for idx in range(len(turns))),
        version="2.1.280",
        model="claude-x",
        cwd="/w",
        branch="main",
    )
    return replace(told, **changes)
