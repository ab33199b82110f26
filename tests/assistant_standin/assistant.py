"""An assistant's sessions: each start calls the hooks that the settings name, through a shell, and writes down what they gave."""

import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

VERSION = "2.1.281"
_LIMIT = 10_000
_FIRST = datetime(2026, 10, 1, 10, tzinfo=UTC)


@dataclass(kw_only=True)
class Assistant:
    """`home` holds `.claude`; hooks see only `environ`."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    #: (event, source) -> exit status, standard error, output of every hook that was called
    called: list[tuple[str, str, int, str, str]] = field(default_factory=list)
    #: session ids, for runs that shall be the same each time
    ids: "list[str]" = field(default_factory=list)

    def start(self, cwd: Path, source: str = "startup", session_id: str | None = None) -> "Session":
        session_id = session_id or (self.ids.pop(0) if self.ids else str(uuid.uuid4()))
        session = Session(assistant=self, session_id=session_id, cwd=cwd, began=_FIRST)
        session.call_hooks("SessionStart", source=source, model="claude-opus-5")
        return session

    def hooks(self, event: str, kind: str, cwd: Path) -> list[tuple[str, float]]:
        """(command, seconds) of the event's entries in the person's and the project's settings; equal commands run once."""
        found: dict[str, float] = {}
        for path in (self.home / ".claude" / "settings.json", cwd / ".claude" / "settings.json"):
            settings = json.loads(path.read_text()) if path.exists() else {}
            for group in settings.get("hooks", {}).get(event, []):
                if re.fullmatch(group.get("matcher") or ".*", kind):
                    found |= {hook["command"]: hook.get("timeout", 600) for hook in group["hooks"]}
        return list(found.items())

    def run(self, command: str, told: dict[str, Any], seconds: float, cwd: Path) -> "subprocess.CompletedProcess[str]":
        path = os.environ.get("PATH", "/usr/bin:/bin")
        environ = {"HOME": str(self.home), "PATH": path, "CLAUDE_PROJECT_DIR": str(cwd), **self.environ}
        return subprocess.run(
            ["/bin/sh", "-c", command],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=cwd,
            env=environ,
            check=False,
        )


@dataclass(kw_only=True)
class Session:
    assistant: Assistant
    session_id: str
    cwd: Path
    began: datetime
    lines: list[dict[str, Any]] = field(default_factory=list)
    #: text that stands in the model's context now
    context: list[str] = field(default_factory=list)
    #: what the newest subagent was given
    subagent_context: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        folder = re.sub(r"[^A-Za-z0-9]", "-", str(self.cwd))
        return self.assistant.home / ".claude" / "projects" / folder / f"{self.session_id}.jsonl"

    def say(self, text: str) -> None:
        self._line("user", message={"role": "user", "content": text})

    def answer(self, text: str) -> None:
        self._reply({"type": "text", "text": text})

    def shell(self, command: str, output: str, *, fails: bool = False) -> None:
        call = f"toolu_{len(self.lines)}_{self.session_id}"
        self._reply({"type": "tool_use", "id": call, "name": "Bash", "input": {"command": command}})
        result = {"type": "tool_result", "tool_use_id": call, "content": output, "is_error": fails}
        self._line("user", message={"role": "user", "content": [result]})

    def compact(self) -> None:
        """The context is gone but for a summary, and what hooks put in again."""
        self.context = []
        self._line(
            "system", subtype="compact_boundary", content="Conversation compacted", compactMetadata={"trigger": "auto"}
        )
        self.call_hooks("SessionStart", source="compact")

    def resume(self) -> None:
        self.call_hooks("SessionStart", source="resume")

    def fork(self, *, copied: bool = True) -> "Session":
        """Another session with the same lines; `copied`: its file is there before its hooks are called."""
        other = Session(
            assistant=self.assistant,
            session_id=self.assistant.ids.pop(0) if self.assistant.ids else str(uuid.uuid4()),
            cwd=self.cwd,
            began=self.began,
            lines=[{**line, "sessionId": ""} for line in self.lines],
            context=list(self.context),
        )
        for line in other.lines:
            line["sessionId"] = other.session_id
        if copied:
            other.write()
        other.call_hooks("SessionStart", source="fork")
        return other

    def subagent(self, kind: str = "general-purpose") -> None:
        agent = f"a{len(self.lines):06}"
        given = self.call_hooks("SubagentStart", agent_id=agent, agent_type=kind, is_kept=False)
        self.subagent_context = given
        folder = self.path.with_suffix("") / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        start = {
            "isSidechain": True,
            "agentId": agent,
            "sessionId": self.session_id,
            "cwd": str(self.cwd),
            "version": VERSION,
        }
        lines = [
            start
            | {
                "type": "user",
                "uuid": f"{agent}-1",
                "parentUuid": None,
                "message": {"role": "user", "content": "look around"},
            },
            *(
                start
                | {
                    "type": "attachment",
                    "uuid": f"{agent}-h{number}",
                    "attachment": _context("SubagentStart", kind, text),
                }
                for number, text in enumerate(given)
            ),
        ]
        stamped = [line | {"timestamp": self._moment()} for line in lines]
        (folder / f"agent-{agent}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in stamped))

    def end(self, reason: str = "prompt_input_exit") -> None:
        self.write()
        self.call_hooks("SessionEnd", reason=reason)

    def call_hooks(self, event: str, *, is_kept: bool = True, **more: Any) -> list[str]:
        """Run them one after the other and write down what each did -> the texts that they gave."""
        kind = str(more.get("source") or more.get("agent_type") or more.get("reason") or "")
        told = {
            "session_id": self.session_id,
            "transcript_path": str(self.path),
            "cwd": str(self.cwd),
            "permission_mode": "default",
            "hook_event_name": event,
            **more,
        }
        given: list[str] = []
        for command, seconds in self.assistant.hooks(event, kind, self.cwd):
            began = time.monotonic()
            done = self.assistant.run(command, told, seconds, self.cwd)
            took = round((time.monotonic() - began) * 1000)
            self.assistant.called.append((event, kind, done.returncode, done.stderr, done.stdout))
            facts: dict[str, Any] = {
                "hookName": f"{event}:{kind}",
                "hookEvent": event,
                "toolUseID": self.session_id,
                "command": command,
            }
            facts |= {"stdout": done.stdout, "stderr": done.stderr, "exitCode": done.returncode, "durationMs": took}
            kind_of_line = "hook_success" if done.returncode == 0 else "hook_non_blocking_error"
            if event != "SessionEnd" and is_kept:
                self._line("attachment", attachment={"type": kind_of_line, "content": "", **facts})
            if done.returncode == 0 and done.stdout.strip():
                text = _additional_context(done.stdout, event)
                assert len(text.encode("utf-16-le")) // 2 <= _LIMIT, "more than the assistant takes"
                given.append(text)
        for text in given if is_kept else ():
            self.context.append(text)
            self._line("attachment", attachment=_context(event, kind, text))
        if is_kept and event != "SessionEnd":
            self.write()
        return given

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines))

    def _reply(self, block: dict[str, Any]) -> None:
        message = {
            "id": f"msg_{len(self.lines)}_{self.session_id}",
            "role": "assistant",
            "model": "claude-opus-5",
            "content": [block],
        }
        self._line("assistant", message=message)

    def _line(self, kind: str, **more: Any) -> None:
        before = self.lines[-1]["uuid"] if self.lines else None
        self.lines.append(
            {
                "parentUuid": before,
                "isSidechain": False,
                "type": kind,
                "uuid": f"{self.session_id}-{len(self.lines)}",
                "timestamp": self._moment(),
                "sessionId": self.session_id,
                "cwd": str(self.cwd),
                "version": VERSION,
                "gitBranch": "main",
                **more,
            }
        )

    def _moment(self) -> str:
        return (
            (self.began + timedelta(seconds=len(self.lines))).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )


def _additional_context(stdout: str, event: str) -> str:
    """JSON as documented; everything else goes into the context as it stands."""
    try:
        answer = json.loads(stdout)["hookSpecificOutput"]
    except (ValueError, KeyError):
        return stdout
    assert answer["hookEventName"] == event
    text: str = answer["additionalContext"]
    return text


def _context(event: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "hook_additional_context", "content": [text], "hookName": f"{event}:{kind}", "hookEvent": event}
