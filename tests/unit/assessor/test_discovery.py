"""Finding the rules files of a project and a person."""

import os
from pathlib import Path

import pytest

from assessor.rules.discovery import Discovery, discover
from assessor.rules.files import Family, Owner, RulesFile
from worker.formats.transcripts.session import Harness


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def found_in(project: Path) -> tuple[dict[str, RulesFile], Discovery]:
    found = discover(project, project.parent / "home")
    return {os.path.relpath(file.path, project.parent): file for file in found.files}, found


def test_each_family_is_found_where_it_stands(project: Path) -> None:
    """Project and person, nested and local, with the folder where each applies."""
    expected = {
        "p/CLAUDE.md": (Family.CLAUDE, "."),
        "p/CLAUDE.local.md": (Family.CLAUDE, "."),
        "p/.claude/CLAUDE.md": (Family.CLAUDE, "."),
        "p/web/CLAUDE.md": (Family.CLAUDE, "web"),
        "p/.claude/rules/deep/api.md": (Family.CLAUDE, "."),
        "p/.claude/skills/deploy/SKILL.md": (Family.SKILL, "."),
        "p/AGENTS.md": (Family.AGENTS, "."),
        "p/api/AGENTS.md": (Family.AGENTS, "api"),
        "p/.cursor/rules/style.mdc": (Family.CURSOR, "."),
        "p/.github/copilot-instructions.md": (Family.COPILOT, "."),
        "p/.github/instructions/ts.instructions.md": (Family.COPILOT, "."),
        "p/GEMINI.md": (Family.GEMINI, "."),
        "p/playbook.md": (Family.PLAYBOOK, "."),
        "home/.claude/CLAUDE.md": (Family.CLAUDE, "."),
        "home/.codex/AGENTS.md": (Family.AGENTS, "."),
        "home/.gemini/GEMINI.md": (Family.GEMINI, "."),
    }
    for name in expected:
        write(project.parent / name, "---\ndescription: Deploys things\n---\n- Use bun\n")
    write(project / "node_modules/x/CLAUDE.md", "- no")
    encoded = "".join(letter if letter.isalnum() else "-" for letter in str(project.resolve()))
    memory = f"home/.claude/projects/{encoded}/memory/MEMORY.md"
    write(project.parent / memory, "- line\n" * 300)
    files, found = found_in(project)
    assert {name: (file.family, file.folder) for name, file in files.items() if name != memory} == expected
    assert files[memory].text.count("\n") == 200
    assert files["p/.claude/skills/deploy/SKILL.md"].text == "Deploys things"
    assert files["p/.claude/skills/deploy/SKILL.md"].stem == "deploy"
    assert {file.owner for name, file in files.items() if name.startswith("home")} == {Owner.USER}
    assert not found.refused


def test_imports_are_followed_up_to_four_hops(project: Path) -> None:
    """Not inside code, not for a person's name, and a circle ends."""
    write(project / "CLAUDE.md", "See @docs/a.md, ask @alice. `@docs/no.md`\n\n```\n@docs/no.md\n```\n")
    for name, following in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")):
        write(project / f"docs/{name}.md", f"@{following}.md\n@../CLAUDE.md\n")
    write(project / "docs/e.md", "too far")
    write(project / "docs/no.md", "code")
    files, _ = found_in(project)
    assert sorted(files) == ["p/CLAUDE.md", "p/docs/a.md", "p/docs/b.md", "p/docs/c.md", "p/docs/d.md"]
    assert files["p/docs/b.md"].imported_by == files["p/docs/a.md"].path


def test_a_file_of_one_assistant_is_loaded_by_another_that_imports_it(project: Path) -> None:
    """Whichever is found first, with what it imports itself; not where it would apply elsewhere."""
    write(project / "CLAUDE.md", "@AGENTS.md and @GEMINI.md and @api/AGENTS.md\n")
    write(project / "AGENTS.md", "- Use bun\n\n@docs/style.md\n")
    write(project / "GEMINI.md", "- Use uv\n")
    write(project / "api/AGENTS.md", "- Use make\n")
    write(project / "docs/style.md", "- Two spaces\n@../AGENTS.md\n")
    files, _ = found_in(project)
    assert {name: [str(one) for one in Harness if file.is_loaded_by(one)] for name, file in files.items()} == {
        "p/AGENTS.md": ["claude-code", "codex", "copilot-cli"],
        "p/CLAUDE.md": ["claude-code", "copilot-cli"],
        "p/docs/style.md": ["claude-code", "copilot-cli"],
        "p/GEMINI.md": ["claude-code", "copilot-cli", "gemini-cli"],
        "p/api/AGENTS.md": ["claude-code", "copilot-cli"],
    }
    assert files["p/api/AGENTS.md"].folder == "."


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(project: Path) -> None:
    """A pipe is not waited for, a huge file not split, a link out of the project not followed."""
    write(project / "AGENTS.md", "- fine\n")
    os.mkfifo(project / "CLAUDE.md")
    write(project / "a/CLAUDE.md", "x" * 5_000_000)
    write(project / "b/CLAUDE.md", "\x00\x01")
    (project / "c").mkdir()
    (project / "c/CLAUDE.md").symlink_to(write(project.parent / "elsewhere.md", "- secret"))
    (project / "d").mkdir()
    (project / "d/CLAUDE.md").symlink_to(project / "nowhere")
    files, found = found_in(project)
    assert sorted(files) == ["p/AGENTS.md"]
    reasons = {path.parent.name: reason for path, reason in found.refused.items()}
    assert sorted(reasons) == ["a", "b", "c", "d", "p"]
    assert "regular" in reasons["p"]
    assert "longer" in reasons["a"]
    assert "binary" in reasons["b"]
    assert "link" in reasons["c"]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        (".claude/rules/py.md", 'paths:\n  - "src/**/*.{py,pyi}"'),
        (".cursor/rules/py.mdc", "globs: src/**/*.py, *.toml\nalwaysApply: false"),
        (".github/instructions/py.instructions.md", 'applyTo: "src/**/*.py"'),
    ],
)
def test_rules_for_some_files_are_loaded_when_one_is_read(project: Path, name: str, head: str) -> None:
    """Never at the start, and not for other files."""
    write(project / name, f"---\n{head}\n---\n- Use bun\n")
    files, _ = found_in(project)
    file = files[f"p/{name}"]
    assert not file.applies_from_start()
    assert file.applies_to("src/a/b.py")
    assert not file.applies_to("docs/b.md")


def test_nested_files_apply_below_their_folder(project: Path) -> None:
    """From the start when the session starts there; else when a file there is read."""
    write(project / "web/CLAUDE.md", "- Use bun\n")
    files, _ = found_in(project)
    file = files["p/web/CLAUDE.md"]
    assert not file.applies_from_start()
    assert file.applies_from_start("web/app")
    assert file.applies_to("web/app/a.ts")
    assert not file.applies_to("website/a.ts")


def test_who_loads_what() -> None:
    """Claude Code does not read AGENTS.md; Codex does not read CLAUDE.md."""
    agents = RulesFile(path=Path("AGENTS.md"), family=Family.AGENTS, owner=Owner.PROJECT, text="")
    assert agents.is_loaded_by(Harness.CODEX)
    assert not agents.is_loaded_by(Harness.CLAUDE_CODE)
