"""The plugin folders and the entries that are installed: as the assistants document them, and in step with each other."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from assistant_standin.assistant import Assistant
from assistant_standin.hook_files import hooked_project
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from assessor.hooks import groove_hook
from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from worker.formats.hook_trace import traces_in

ROOT = Path(__file__).parents[3] / "integrations"
Event = Literal["SessionStart", "SubagentStart", "SessionEnd"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Command(Strict):
    type: Literal["command"]
    command: Annotated[str, Field(min_length=1)]
    timeout: Annotated[int, Field(ge=1, le=600)]


class Group(Strict):
    matcher: str = ""
    hooks: Annotated[list[Command], Field(min_length=1)]


class HooksFile(Strict):
    description: str = ""
    hooks: dict[Event, list[Group]]


class Author(Strict):
    name: str
    email: str = ""
    url: str = ""


class Manifest(Strict):
    """Of a plugin of Claude Code: its reference names these fields."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    description: str
    author: Author
    license: str
    keywords: list[str] = Field(default_factory=list)


#: what each assistant says a session may start as
SOURCES = {"claude-code": "startup|resume|clear|compact|fork", "codex": "startup|resume|clear|compact"}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_manifest_is_as_documented() -> None:
    """And of the version of the package."""
    manifest = Manifest.model_validate(read(ROOT / "claude-code/.claude-plugin/plugin.json"))
    project = (ROOT.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{manifest.version}"' in project


@pytest.mark.parametrize("assistant", ["claude-code", "codex"])
@pytest.mark.parametrize("form", ["folder", "user", "project"])
def test_the_entries_are_as_documented(assistant: str, form: str) -> None:
    """In the folder and as installed: the same events, kinds and seconds; each within what the assistant allows."""
    folder = {"claude-code": "claude-code/hooks/hooks.json", "codex": "codex/hooks.json"}[assistant]
    known = ASSISTANTS[assistant]
    installed = {
        "hooks": known.entries(
            Scope.USER if form == "folder" else Scope(form), Homes(home=Path("/home/x y"), environ={})
        )
    }
    file = HooksFile.model_validate(read(ROOT / folder) if form == "folder" else installed)
    assert [(event, groups[0].matcher, groups[0].hooks[0].timeout) for event, groups in file.hooks.items()] == [
        (event, kinds or "", seconds) for event, kinds, seconds in known.events
    ]
    assert file.hooks["SessionStart"][0].matcher == SOURCES[assistant]
    assert file.hooks["SessionEnd"][0].hooks[0].timeout <= (3 if assistant == "codex" else 5)
    for groups in file.hooks.values():
        for command in groups[0].hooks:
            assert "python3 -I -S" in command.command
            assert command.command.endswith("2>/dev/null || :")
            assert f" {assistant} " in command.command


def test_the_plugin_s_hook_is_the_package_s() -> None:
    """One file, not a copy that grows old."""
    assert (ROOT / "claude-code/hooks/groove_hook.py").resolve() == Path(groove_hook.__file__).resolve()


def test_the_plugin_runs_and_yields_to_the_settings(tmp_path: Path) -> None:
    """Alone it gives the learnings; where the hook is installed too, nothing comes twice."""
    project = hooked_project(tmp_path)
    learnings = [("rule-1", "- In this repository one and one is two", 0.0)]
    project.snapshot(learnings)
    project.write_managed(learnings)
    plugin = read(ROOT / "claude-code/hooks/hooks.json")
    (project.home / ".claude").mkdir()
    (project.home / ".claude/settings.json").write_text(
        json.dumps({"hooks": plugin["hooks"]}).replace("groove_hook", "plugin_hook")
    )
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks/plugin_hook.py").symlink_to(ROOT / "claude-code/hooks/groove_hook.py")
    assistant = Assistant(home=project.home, environ={"CLAUDE_PLUGIN_ROOT": str(tmp_path)})
    assert len(traces_in(assistant.start(project.root).context)) == 1
    project.install()
    both = assistant.start(project.root)
    assert len(both.context) == 1


@pytest.mark.parametrize("event", ["SessionStart", "SubagentStart"])
def test_what_codex_gets_is_what_its_schema_takes(event: str, tmp_path: Path) -> None:
    """Only the documented members: it refuses others. Its transcript path may be null."""

    class Specific(Strict):
        hookEventName: Literal["SessionStart", "SubagentStart"]  # noqa: N815 - on the wire it is called so
        additionalContext: str  # noqa: N815

    class Output(Strict):
        hookSpecificOutput: Specific  # noqa: N815

    project = hooked_project(tmp_path)
    project.install()
    project.snapshot([("rule-1", "- In this repository one and one is two", 0.0)])
    known = ASSISTANTS["codex"]
    command = known.entries(Scope.USER, Homes(home=project.home, environ={}))[event][0]["hooks"][0]["command"]
    told = {
        "session_id": "thread-1",
        "transcript_path": None,
        "cwd": str(project.root),
        "hook_event_name": event,
        "model": "gpt-6",
        "permission_mode": "default",
        **(
            {"source": "startup"}
            if event == "SessionStart"
            else {"agent_id": "child", "agent_type": "default", "turn_id": "t"}
        ),
    }
    assistant = Assistant(home=project.home)
    if event == "SubagentStart":
        assistant.run(command, told | {"hook_event_name": "SessionStart", "source": "startup"}, 5, project.root)
    done = assistant.run(command, told, 5, project.root)
    output = TypeAdapter(Output).validate_json(done.stdout)
    assert output.hookSpecificOutput.hookEventName == event
    assert "one and one is two" in output.hookSpecificOutput.additionalContext
    assert {record.harness for record in project.spool()} == {"codex"}
