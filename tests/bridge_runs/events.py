"""Events for fault runs: small, or of a given size, all different; and the learnings that they name."""

import json
import random
from typing import Any
from uuid import UUID, uuid5

from worker.domain import Learning, LearningCategory
from worker.formats.wire import derived_id

ENDINGS = (
    "test",
    "build",
    "run",
    "port",
    "lay",
    "fine",
    "load",
    "view",
    "act",
    "mit",
    "call",
    "cess",
    "turn",
    "work",
    "set",
)
WORDS = [f"{first}{last}" for first in ("re", "con", "pro", "un", "de", "over", "sub", "ex") for last in ENDINGS]
NAMESPACE = UUID("9a1d1a52-70f5-4a3b-8e14-94a1c1a6c0de")
#: what a learning says, and what an assistant writes that follows it
TEXTS = (
    ("Always run `make fmt` before committing changes", "[tool:Bash] command=make fmt && git commit -m 'Add parser'"),
    ("Run `make lint` before you ask for a review", "[tool:Bash] command=make lint"),
    ("Prefer explicit return types on exported functions", "I gave the exported function an explicit return type."),
    ("Run `pytest -q tests/unit` after every change", "[tool:Bash] command=pytest -q tests/unit"),
    ("Check the types with `mypy worker` before pushing", "[tool:Bash] command=mypy worker"),
    ("Look at `git status --short` before you begin", "[tool:Bash] command=git status --short"),
    ("Sort imports with `isort src tests`", "[tool:Bash] command=isort src tests"),
)
LEARNINGS = [
    Learning(learning_id=f"learning-{number}", category=LearningCategory.TOOL_USAGE, description=text, insight=text)
    for number, (text, _) in enumerate(TEXTS)
]
#: every so many sessions have their signals from the lightweight topic instead of in the event itself
HEARD = 4


def heavy_event(number: int, *, size: int = 300) -> bytes:
    """In groove's flat form, `size` bytes of prose and a little more; every third session ends twice."""
    chance = random.Random(number)
    learnings = sorted(chance.sample(range(len(TEXTS)), 3))
    said = [TEXTS[each][1] for each in learnings if chance.random() < 0.6]
    texts = [*said, f"{number} {prose(chance, size)}"]
    event = {
        "tier": "heavy",
        "session_id": f"session-{number - 1 if number % 3 == 2 else number}",
        "event_id": str(uuid5(NAMESPACE, str(number))),
        "timestamp": _moment(number),
        "active_learnings": [f"learning-{each}" for each in learnings[:2]],
        "withheld_learnings": [f"learning-{learnings[2]}"],
        "outcome": chance.choice(("success", "partial", "failure", "abandoned")),
        "transcript": {"messages": [{"role": "assistant", "content": text} for text in texts]},
        "lightweight_events": [] if number % HEARD == 0 else [_heard(chance, len(texts))],
    }
    return json.dumps(event, separators=(",", ":")).encode()


def lightweight_events(number: int) -> list[bytes]:
    """What was heard while the session of this heavy event ran and does not stand in it."""
    if number % HEARD:
        return []
    chance = random.Random(-number)
    context = {"session_id": session_id(heavy_event(number)), "timestamp": _moment(number)}
    return [json.dumps({"context": context} | _heard(chance, 2), separators=(",", ":")).encode() for _ in range(2)]


def _heard(chance: random.Random, messages: int) -> dict[str, Any]:
    signal = {"type": chance.choice(("positive", "negative")), "pattern": "hm", "confidence": chance.random()}
    return {"message_idx": chance.randrange(messages), "signals": [signal]}


def _moment(number: int) -> str:
    return f"2026-01-20T20:{number // 60 % 60:02}:{number % 60:02}.{number:06}Z"


def prose(chance: random.Random, size: int) -> str:
    """Words by chance, so that it compresses about as real text does."""
    return " ".join(chance.choices(WORDS, k=size // 7))


def event_id(payload: bytes) -> str:
    return str(json.loads(payload)["event_id"])


def message_id(payload: bytes) -> UUID:
    return derived_id(payload)


def session_id(payload: bytes) -> str:
    event = json.loads(payload)
    return str(event.get("session_id") or event["context"]["session_id"])


def timestamp(payload: bytes) -> str:
    return str(json.loads(payload)["timestamp"])
