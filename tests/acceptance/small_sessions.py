"""A few short sessions and learnings, made up, for runs of the whole system that take seconds."""

import json
import random
from pathlib import Path
from typing import Any

LEARNINGS = {
    "fmt": "Always run `make fmt` before committing changes",
    "rg": "Use `rg` instead of `grep` to search the code base",
    "types": "Prefer explicit return types on exported functions",
    "tests": "Run `pytest -q tests/unit` after every change to a parser",
}

_USES = {
    "fmt": "[tool:Bash] command=make fmt && git commit -m 'Add parser'",
    "rg": "[tool:Bash] command=rg -n parse_line src/",
    "types": "I added an explicit return type to the exported function parse_line.",
    "tests": "[tool:Bash] command=pytest -q tests/unit",
}
_OTHER = (
    "I looked at the parser and found the reason.",
    "[tool:Read] file_path=src/parser.py",
    "Done, the file is written.",
)


def write_learnings(path: Path, ids: tuple[str, ...] = tuple(LEARNINGS)) -> Path:
    path.write_text("".join(json.dumps(_learning(id_)) + "\n" for id_ in ids))
    return path


def _learning(id_: str) -> dict[str, str]:
    return {"learning_id": id_, "category": "tool_usage", "description": LEARNINGS[id_], "insight": LEARNINGS[id_]}


def sessions(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Flat heavy events, one a session, each with all four learnings."""
    chance = random.Random(seed)
    return [_session(number, chance) for number in range(count)]


def _session(number: int, chance: random.Random) -> dict[str, Any]:
    used = [id_ for id_ in LEARNINGS if chance.random() < 0.6]
    said = [*(_USES[id_] for id_ in used), *chance.sample(_OTHER, 2)]
    messages = [{"role": "user", "content": f"Please fix issue {number}"}]
    messages += [{"role": "assistant", "content": text} for text in said]
    kind = chance.choice(("positive", "negative"))
    return {
        "session_id": f"session-{number}",
        "event_id": f"event-{number}",
        "timestamp": f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z",
        "active_learnings": list(LEARNINGS),
        "withheld_learnings": [],
        "outcome": chance.choice(("success", "partial", "failure", "abandoned")),
        "transcript": {"messages": messages},
        "lightweight_events": [
            {"message_idx": len(messages) - 1, "signals": [{"type": kind, "pattern": "thanks", "confidence": 0.9}]}
        ],
    }


def write_events(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events))
    return path
