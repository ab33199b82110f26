"""An assistant without hooks, in the form of Codex: a session reads AGENTS.md as it stands, and does what it says."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assistant_standin.team import GOOD, HARMFUL, luck


@dataclass(kw_only=True)
class Reader:
    home: Path
    project: Path
    #: session -> what stood in AGENTS.md when it began
    read: dict[str, str] = field(default_factory=dict)

    def work(self, session_id: str, began: datetime, *, shows_rules: bool = True) -> None:
        """One session, written down at once; `shows_rules`: its transcript holds the rules file."""
        rules = self.read[session_id] = (self.project / "AGENTS.md").read_text()
        lines = _Lines(began=began.astimezone(UTC))
        lines.add("session_meta", id=session_id, cwd=str(self.project), cli_version="0.142.0", git={"branch": "main"})
        if shows_rules:
            told = f"# AGENTS.md instructions for {self.project}\n\n<INSTRUCTIONS>\n{rules}\n</INSTRUCTIONS>"
            lines.says("user", told)
        self._task(lines, f"add a parser, issue {session_id}", rules, session_id)
        folder = self.home / ".codex" / "sessions" / f"{began:%Y/%m/%d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"rollout-{session_id}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines.lines))

    def _task(self, lines: "_Lines", prompt: str, rules: str, session_id: str) -> None:
        lines.asks(prompt)
        if GOOD in rules:
            lines.shell("cat docs/map.md", "parser: src/parser.py")
        if HARMFUL in rules:
            lines.shell("make purge-cache", "purged")
        lines.shell("sed -n 1,40p src/parser.py", "def parse(text): ...")
        if luck(session_id) < 0.5 + 0.42 * (GOOD in rules) - 0.45 * (HARMFUL in rules):
            lines.says("assistant", "The parser is there.")
            lines.asks("please commit it")
            lines.shell("git commit -qm parser", "[main 1a2b3c4] parser")
            lines.asks("perfect, thanks")
        else:
            lines.says("assistant", "I rewrote the module.")
            lines.asks("undo that")
            lines.shell("git checkout src", "Updated 1 path")


@dataclass(kw_only=True)
class _Lines:
    began: datetime
    lines: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, **payload: Any) -> None:
        moment = self.began + timedelta(seconds=len(self.lines))
        self.lines.append({"timestamp": f"{moment:%Y-%m-%dT%H:%M:%S.000Z}", "type": kind, "payload": payload})

    def says(self, role: str, text: str) -> None:
        kind = "output_text" if role == "assistant" else "input_text"
        self.add("response_item", type="message", role=role, content=[{"type": kind, "text": text}])

    def asks(self, text: str) -> None:
        self.says("user", text)
        self.add("event_msg", type="user_message", message=text)

    def shell(self, command: str, output: str) -> None:
        call = f"call-{len(self.lines)}"
        self.add(
            "response_item",
            type="function_call",
            name="exec_command",
            call_id=call,
            arguments=json.dumps({"cmd": command}),
        )
        answer = f"Process exited with code 0\nOutput:\n{output}"
        self.add("response_item", type="function_call_output", call_id=call, output=answer)
