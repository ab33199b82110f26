"""Installing the hook: the change is shown and asked for, made once, and undone to the byte; what cannot be changed is left alone."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assessor.hooks.assistants import ASSISTANTS, Homes, Scope
from assessor.hooks.installation import install, make
from worker.cli import groove
from worker.errors import InvalidFile

SETTINGS = """{
    "model": "opus",
    "hooks": {
        "Stop": [{"hooks": [{"type": "command", "command": "beep"}]}]
    },
    "z": [1,  2]
}"""
EVENTS = ["SessionStart", "SubagentStart", "SessionEnd"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's home, in a project of theirs."""
    project = tmp_path / "project"
    (tmp_path / "home" / ".claude").mkdir(parents=True)
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def run(*words: str, answer: str = "", status: int = 0) -> Result:
    done = CliRunner().invoke(groove, ["hook", *words], input=answer)
    assert done.exit_code == status, done.output
    return done


def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def test_shown_asked_and_made_once(home: Path) -> None:
    """No answer, no change. Made, it adds entries only, keeps a copy with the file's rights, and finds nothing to do again."""
    settings(home).write_text(SETTINGS)
    settings(home).chmod(0o600)
    shown = run("install", "claude-code", answer="n\n", status=1).output
    assert '+        "SessionStart": [' in shown
    assert settings(home).read_text() == SETTINGS
    run("install", "claude-code", answer="y\n")
    made = json.loads(settings(home).read_text())
    assert list(made["hooks"]) == ["Stop", *EVENTS]
    copy = settings(home).with_name("settings.json.before-groove")
    assert copy.read_text() == SETTINGS
    assert stat.S_IMODE(copy.stat().st_mode) == stat.S_IMODE(settings(home).stat().st_mode) == 0o600
    before = settings(home).stat().st_mtime_ns
    assert "nothing to do" in run("install", "claude-code").output
    assert settings(home).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "before", [SETTINGS, f"{SETTINGS}\n", "{}", '{"hooks": {}}\n', '{"hooks": {"SessionStart": [ ]}}', None]
)
def test_uninstalled_it_is_as_it_was(home: Path, before: str | None) -> None:
    """To the byte; where there were no settings there are none; the hook's file goes."""
    if before is not None:
        settings(home).write_text(before)
    run("install", "claude-code", "--yes")
    assert (home / ".local/share/groove/groove_hook.py").is_file()
    run("uninstall", "claude-code", "--yes")
    assert settings(home).exists() is (before is not None)
    assert before is None or settings(home).read_text() == before
    assert not settings(home).with_name("settings.json.before-groove").exists()
    assert not (home / ".local/share/groove/groove_hook.py").exists()
    assert "nothing to do" in run("uninstall", "claude-code").output


def test_edits_in_between_stay(home: Path) -> None:
    """What a person or another tool changed after the installation is there after the end of it."""
    settings(home).write_text(SETTINGS)
    run("install", "claude-code", "--yes")
    settings(home).write_text(settings(home).read_text().replace('"opus"', '"sonnet"'))
    run("uninstall", "claude-code", "--yes")
    assert settings(home).read_text() == SETTINGS.replace('"opus"', '"sonnet"')


def test_another_release_s_entries_are_replaced(home: Path) -> None:
    """Never beside them: two entries would inject twice."""
    run("install", "claude-code", "--yes")
    old = settings(home).read_text().replace("python3 -I -S", "python3 -S").replace("SubagentStart", "UserPromptSubmit")
    settings(home).write_text(old)
    run("install", "claude-code", "--yes")
    entries = ASSISTANTS["claude-code"].entries(Scope.USER, Homes(home=home, environ={}))
    assert json.loads(settings(home).read_text())["hooks"] == entries


@pytest.mark.parametrize(
    "content",
    [b"// mine\n{}\n", b'{"a": 1,}', b'{"hooks": []}', b"\xff\xfe", b'{"hooks": {"SessionStart": 3}}'],
    ids=["comment", "comma", "hooks", "bytes", "event"],
)
def test_settings_that_are_no_plain_json_are_left_alone(home: Path, content: bytes) -> None:
    """And the lines to add by hand are printed; the hook's own file is there for them."""
    settings(home).write_bytes(content)
    done = CliRunner().invoke(groove, ["hook", "install", "claude-code", "--yes"])
    assert isinstance(done.exception, InvalidFile)
    told = " ".join(done.exception.__notes__)
    assert json.loads(told[told.index("{") :])["hooks"].keys() == set(EVENTS)
    assert settings(home).read_bytes() == content
    assert [path.name for path in settings(home).parent.iterdir()] == ["settings.json"]
    assert (home / ".local/share/groove/groove_hook.py").is_file()


def test_what_was_put_in_by_hand_is_taken_out_by_hand(home: Path) -> None:
    """It is said how. Settings that do not name the hook are none of its business, whatever they are."""
    settings(home).write_text("// mine\n{}\n")
    assert "nothing to do" in run("uninstall", "claude-code", "--yes").output
    settings(home).write_text("// mine\n{} // python3 groove_hook.py\n")
    done = CliRunner().invoke(groove, ["hook", "uninstall", "claude-code", "--yes"])
    assert "take out all that names groove_hook.py" in str(done.exception)
    assert settings(home).read_text() == "// mine\n{} // python3 groove_hook.py\n"


def test_read_only_settings_are_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the folder would let them be replaced."""
    settings(home).write_text(SETTINGS)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everything
    done = CliRunner().invoke(groove, ["hook", "install", "claude-code", "--yes"])
    assert isinstance(done.exception, InvalidFile)
    assert "read-only" in str(done.exception)
    assert settings(home).read_text() == SETTINGS


def test_settings_changed_meanwhile_are_not_overwritten(home: Path) -> None:
    """Between what was shown and what is made."""
    settings(home).write_text(SETTINGS)
    change = install(ASSISTANTS["claude-code"], Scope.USER, Path.cwd(), Homes(home=home, environ={}))
    settings(home).write_text("{}")
    with pytest.raises(InvalidFile, match="just changed"):
        make(change)
    assert settings(home).read_text() == "{}"


def test_two_installations_at_once(home: Path) -> None:
    """Eight processes: the entries stand there once, and nobody's are lost."""
    settings(home).write_text(SETTINGS)
    command = [sys.executable, "-m", "worker.cli", "hook", "install", "claude-code", "--yes"]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(8)]
    for process in running:
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0 or b"just changed" in told
    made = json.loads(settings(home).read_text())
    assert [len(made["hooks"][event]) for event in EVENTS] == [1, 1, 1]
    assert made["model"] == "opus"


def test_a_link_to_settings_stays_a_link(home: Path, tmp_path: Path) -> None:
    """As people who keep their settings in a repository have it."""
    (tmp_path / "dotfiles.json").write_text(SETTINGS)
    settings(home).symlink_to(tmp_path / "dotfiles.json")
    run("install", "claude-code", "--yes")
    assert settings(home).is_symlink()
    assert "groove_hook.py" in (tmp_path / "dotfiles.json").read_text()


def test_for_a_project_and_for_codex(home: Path) -> None:
    """A project's entries name no folder of this machine; Codex gets its own limits."""
    run("install", "claude-code", "--project", "--yes")
    run("install", "codex", "--project", "--yes")
    claude, codex = Path(".claude/settings.json").read_text(), json.loads(Path(".codex/hooks.json").read_text())
    assert str(home) not in claude + json.dumps(codex)
    assert codex["hooks"]["SessionEnd"][0]["hooks"][0]["timeout"] == 3
    run("uninstall", "claude-code", "--project", "--yes")
    assert Path(".groove/groove_hook.py").exists(), "Codex still calls it"
    run("uninstall", "codex", "--project", "--yes")
    assert not Path(".groove/groove_hook.py").exists()


def test_nothing_is_left_where_nothing_was(home: Path) -> None:
    """However often it came and went, also by copies that an older release made; what somebody else put in stays."""
    copy = settings(home).with_name("settings.json.before-groove")
    for _ in range(2):
        run("install", "claude-code", "--yes")
        make(install(ASSISTANTS["claude-code"], Scope.USER, Path.cwd(), Homes(home=home, environ={}), parts=3))
        run("uninstall", "claude-code", "--yes")
        assert not settings(home).exists()
    run("install", "claude-code", "--yes")
    copy.write_text(settings(home).read_text())
    run("uninstall", "claude-code", "--yes")
    assert not settings(home).exists()
    run("install", "claude-code", "--yes")
    settings(home).write_text(settings(home).read_text().replace("{", '{\n  "model": "opus",', 1))
    run("uninstall", "claude-code", "--yes")
    assert json.loads(settings(home).read_text())["model"] == "opus"


def test_told_to_a_program(home: Path) -> None:
    """One object on standard output, whether there was something to do; it cannot be asked."""
    assert "add --yes" in run("install", "claude-code", "--json", status=2).output
    for words, is_changed in (("install", True), ("install", False), ("uninstall", True), ("uninstall", False)):
        told = json.loads(run(words, "claude-code", "--json", "--yes").stdout)
        assert (told["settings"], told["is_changed"]) == (str(settings(home)), is_changed)
        assert told["hook"].endswith("groove_hook.py")
