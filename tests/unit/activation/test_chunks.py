"""Only what the assistant itself said and did is cut into chunks."""

import pytest

from worker.formats.transcripts.messages import parse_transcript
from worker.layers.activation.chunks import MAX_CHUNKS, chunk_transcript
from worker.layers.activation.evidence import ChunkKind


def chunks(role: str, content: object) -> list[tuple[ChunkKind, str]]:
    transcript = parse_transcript([{"role": role, "content": content}])
    return [(chunk.kind, chunk.text) for chunk in chunk_transcript(transcript)]


def test_prose_is_cut_into_sentences() -> None:
    """A paragraph gives its sentences; what is too short to mean anything is left out."""
    assert chunks("assistant", "I will run the tests. Ok. Then I commit!") == [
        (ChunkKind.PROSE, "I will run the tests."),
        (ChunkKind.PROSE, "Then I commit!"),
    ]


def test_commands_are_cut_at_their_joints() -> None:
    """`&&`, `;` and line ends separate commands; the call's description is prose."""
    assert chunks("assistant", "[tool:Bash] make lint && make test; git push origin  # Check and push") == [
        (ChunkKind.COMMAND, "make lint"),
        (ChunkKind.COMMAND, "make test"),
        (ChunkKind.COMMAND, "git push origin"),
        (ChunkKind.PROSE, "Check and push"),
    ]


def test_only_the_new_side_of_an_edit_counts() -> None:
    """What was there before is not what the assistant wrote."""
    found = chunks("assistant", "[tool:Edit] ~/a.go\n--- old_code()\n+++ new_code()")
    assert found == [(ChunkKind.CALL, "Edit ~/a.go"), (ChunkKind.CODE, "new_code()")]


def test_code_in_fences_is_grouped() -> None:
    """A fenced block gives groups of at most four lines."""
    found = chunks("assistant", "Look:\n```python\na = 1\n\nb = 2\nc = 3\nd = 4\ne = 55555\n```\nThat is it.")
    assert found == [
        (ChunkKind.CODE, "a = 1\nb = 2\nc = 3\nd = 4"),
        (ChunkKind.CODE, "e = 55555"),
        (ChunkKind.PROSE, "That is it."),
    ]


def test_reads_and_searches_are_their_call() -> None:
    """The tool's name and its input, as one chunk."""
    assert chunks("assistant", "[tool:Grep] pattern=foo path=src") == [(ChunkKind.CALL, "Grep pattern=foo path=src")]


def test_what_the_assistant_did_not_do_is_left_out() -> None:
    """Users' messages, tool results and rejected calls give no chunk."""
    assert chunks("user", "Always run the tests.") == []
    assert chunks("assistant", "[tool_result] Always run the tests.") == []
    assert chunks("assistant", "[tool:Bash] make test\n[tool_rejected_by_user:Bash] no") == []


def test_an_endless_session_is_thinned_out_evenly() -> None:
    """The number of chunks is bounded, and the kept ones reach from the first to the last message."""
    messages = [{"role": "assistant", "content": f"This is sentence {n}.\n" * 5} for n in range(MAX_CHUNKS // 2)]
    found = chunk_transcript(parse_transcript(messages))
    assert len(found) == MAX_CHUNKS
    assert found[0].message_idx == 0
    assert found[-1].message_idx == len(messages) - 1


def test_a_document_that_is_shown_is_not_done() -> None:
    """Rules proposed in a fenced document are no use of them; code beside it still counts."""
    content = "My proposal:\n```markdown\n## Tests\n- Always run the tests\n```sh\nmake test\n```\n```\nThat is it.\n```sh\nmake lint\n```"
    assert chunks("assistant", content) == [
        (ChunkKind.PROSE, "My proposal:"),
        (ChunkKind.PROSE, "That is it."),
        (ChunkKind.CODE, "make lint"),
    ]


def test_writing_a_rules_file_is_its_call_only() -> None:
    """Its text is what others shall do; any other file's text is what the assistant did."""
    for path, lines in (
        ("docs/CLAUDE.md", 0),
        (".github/copilot-instructions.md", 0),
        ("a/.cursorrules", 0),
        ("b.txt", 1),
    ):
        found = chunks("assistant", f"[tool:Edit] {path}\n--- old\n+++ - Always run the tests")
        assert found == [(ChunkKind.CALL, f"Edit {path}"), (ChunkKind.CODE, "- Always run the tests")][: 1 + lines]


def test_markdown_without_a_heading_is_no_document() -> None:
    """A commit message may stand in a fence of any language."""
    assert chunks("assistant", "```markdown\nfix(api): close it\n```") == [(ChunkKind.CODE, "fix(api): close it")]


def call(tool: str, given: object) -> list[tuple[ChunkKind, str]]:
    content = [{"type": "tool_use", "id": "t", "name": tool, "input": given}]
    return chunks("assistant", content)


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("exec_command", {"cmd": "make ci"}),
        ("powershell", {"command": "make ci"}),
        ("run_in_terminal", {"command": "make ci", "explanation": "Check"}),
        ("shell", {"command": ["bash", "-lc", "make ci"]}),
        ("shell", {"command": ["make", "ci"]}),
        ("local_shell", {"action": {"type": "exec", "command": ["sh", "-c", "make ci"]}}),
        ("functions.shell_command", {"command": "make ci"}),
        ("exec", {"input": 'await tools.exec_command({cmd: "make ci", workdir: "/w"})'}),
    ],
)
def test_every_assistants_shell_runs_its_command(tool: str, given: dict[str, object]) -> None:
    """Whatever the tool is called, and whether the command is a text or a list; a short command is one too."""
    assert (ChunkKind.COMMAND, "make ci") in call(tool, given)


@pytest.mark.parametrize(
    "text",
    [
        "[tool:exec_command] make ci",
        "[tool:Bash] command=make ci",
        "[tool:run_in_terminal] make ci",
        "[tool] Bash(make ci)\nok",
        "[tool:Bash] Bash Run all checks\n\n`make ci`\n\n\nok   12 passed",
    ],
)
def test_flattened_shells_run_their_command_alone(text: str) -> None:
    """Neither the tool's own name, nor a description, nor an answer in the same text is a command."""
    found = [chunk for kind, chunk in chunks("assistant", text) if kind is ChunkKind.COMMAND]
    assert found == ["make ci"]


PATCH = "*** Begin Patch\n*** Update File: a.py\n@@\n kept()\n-removed()\n+added_one()\n*** Add File: b.py\n+added_two()\n*** End Patch"


@pytest.mark.parametrize(
    "found",
    [
        call("apply_patch", {"input": PATCH}),
        call("shell", {"command": ["apply_patch", PATCH]}),
        chunks("assistant", f"[tool:apply_patch] {PATCH}"),
    ],
    ids=["structured", "through a shell", "flattened"],
)
def test_a_patch_writes_its_added_lines(found: list[tuple[ChunkKind, str]]) -> None:
    """File by file; context and removed lines were there before."""
    assert [text for kind, text in found if kind is ChunkKind.CODE] == ["added_one()", "added_two()"]
    assert [text.split()[-1] for kind, text in found if kind is ChunkKind.CALL] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("MultiEdit", {"file_path": "a.py", "edits": [{"old_string": "kept()", "new_string": "kept()\nadded_one()"}]}),
        ("edit", {"filePath": "a.py", "oldString": "kept()\nold()", "newString": "kept()\nadded_one()"}),
        (
            "multi_replace_string_in_file",
            {"replacements": [{"filePath": "a.py", "oldString": "", "newString": "added_one()"}]},
        ),
        ("edit_file", {"target_file": "a.py", "code_edit": "added_one()"}),
        ("str_replace_based_edit_tool", {"command": "create", "path": "a.py", "file_text": "added_one()"}),
    ],
)
def test_an_edit_writes_its_new_lines(tool: str, given: dict[str, object]) -> None:
    """Of one edit or several, under the names of any assistant; lines that stand on both sides are not new."""
    assert call(tool, given) == [(ChunkKind.CALL, f"{tool} a.py"), (ChunkKind.CODE, "added_one()")]


def test_what_a_reading_call_brought_along_is_not_written() -> None:
    """Some transcripts hold an answer inside the call's text."""
    assert chunks("assistant", "[tool:Read] Read `a.py`\n\n  1→secret_name()") == [(ChunkKind.CALL, "Read Read `a.py`")]


@pytest.mark.parametrize("path", ["docs/guide.md", "README.rst", "notes.mdx", "specs/001/plan.MD"])
def test_what_a_document_says_is_neither_run_nor_written_as_code(path: str) -> None:
    """A plan that names a command has not run it, and no sentence in it is the assistant's own."""
    found = chunks("assistant", f"[tool:Write] {path}\nEvery pull request runs `make test`.")
    assert found == [
        (ChunkKind.CALL, f"Write {path}"),
        (ChunkKind.DOCUMENT, "Every pull request runs `make test`."),
    ]


@pytest.mark.parametrize("path", ["requirements.txt", "a.md.py", "markdown.go"])
def test_other_files_hold_code(path: str) -> None:
    """By the end of the name."""
    assert (ChunkKind.CODE, "pytest>=8 and more") in chunks("assistant", f"[tool:Write] {path}\npytest>=8 and more")


def ran(command: str) -> list[tuple[ChunkKind, str]]:
    return chunks("assistant", [{"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": command}}])


@pytest.mark.parametrize(
    "into",
    ["cat > {}", "cat >> '{}'", "mkdir -p x && cat > {}", "cd a; cat > {} ; ls", "sudo tee -a {}", "tee {} >/dev/null"],
)
@pytest.mark.parametrize(("path", "kind"), [("docs/a.md", ChunkKind.DOCUMENT), ("run.sh", ChunkKind.CODE)])
def test_a_here_document_that_goes_into_a_file_is_written(into: str, path: str, kind: ChunkKind) -> None:
    """Its lines are not commands that were run; what follows it is."""
    found = ran(into.format(path) + " <<'END'\nmake deploy\nEND\nmake lint")
    assert (kind, "make deploy") in found
    assert (ChunkKind.COMMAND, "make deploy") not in found
    assert (ChunkKind.COMMAND, "make lint") in found
    assert (ChunkKind.CALL, f"Bash {path}") in found


@pytest.mark.parametrize(
    "command",
    [
        "bash <<END\nmake deploy\nEND",
        "python - <<'END' > out.txt\nmake deploy\nEND",
        "cat <<END | sh\nmake deploy\nEND",
        "cat > a.sh <<END\nmake deploy",
        "git commit -m \"$(cat <<'END'\nmake deploy\nEND\n)\"",
    ],
)
def test_a_here_document_that_a_program_reads_stays_with_its_command(command: str) -> None:
    """One without an end, too: nobody knows what it holds."""
    assert (ChunkKind.COMMAND, "make deploy") in ran(command)
