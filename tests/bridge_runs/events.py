"""Heavy events for fault runs: small, or of a given size, all different."""

import json
import random
from uuid import UUID, uuid5

from worker.events import derived_id

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


def heavy_event(number: int, *, size: int = 300) -> bytes:
    """In groove's flat form, `size` bytes and a little more; every third session ends twice."""
    event = {
        "tier": "heavy",
        "session_id": f"session-{number - 1 if number % 3 == 2 else number}",
        "event_id": str(uuid5(NAMESPACE, str(number))),
        "timestamp": f"2026-01-20T20:{number // 60 % 60:02}:{number % 60:02}.{number:06}Z",
        "active_learnings": [f"learning-{number % 7}"],
        "outcome": "success",
        "transcript": {"messages": [{"role": "assistant", "content": f"{number} {prose(number, size)}"}]},
    }
    return json.dumps(event, separators=(",", ":")).encode()


def prose(seed: int, size: int) -> str:
    """Words by chance, so that it compresses about as real text does."""
    chance = random.Random(seed)
    return " ".join(chance.choices(WORDS, k=size // 7))


def event_id(payload: bytes) -> str:
    return str(json.loads(payload)["event_id"])


def message_id(payload: bytes) -> UUID:
    return derived_id(payload)


def session_id(payload: bytes) -> str:
    return str(json.loads(payload)["session_id"])


def timestamp(payload: bytes) -> str:
    return str(json.loads(payload)["timestamp"])
