"""Commands that a learning asks for, and the calls that name it."""

import pytest
from unit.assessor.told_sessions import answers, runs, says, session

from assessor.asked_commands import asked_commands, asked_in, call_that_failed, failure_quote
from assessor.calls import calls_of


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("Always prefix commands with `rtk`.", [("rtk",)]),
        ("Use `rg` instead of `grep`", [("rg",)]),
        ("Never use `npm`, use `bun install`", [("bun", "install")]),
        ("Run one file with `bun test <file>`", [("bun", "test")]),
        ("Run:\n```bash\n# all\nCI=1 make lint && make test\n```", [("make", "lint"), ("make", "test")]),
        ("See:\n```ts\nconst x = 1\n```", []),
        ("Keep `package.json` and `src/` tidy, set `MAX_SIZE`", []),
    ],
)
def test_commands_that_a_text_asks_for(text: str, commands: list[tuple[str, ...]]) -> None:
    """Code in the text, up to the first placeholder; what it warns of, files and names are none."""
    assert list(asked_commands(text)) == commands


def test_a_red_check_names_nobody() -> None:
    """It did what the learning asks for; a check that could not run did not."""
    told = session(
        says("go"),
        runs("make lint"),
        answers("Exit code 1\n3 problems", error=True),
        runs("make lint"),
        answers("Exit code 127\nbash: make: command not found", error=True),
    )
    asked = asked_in([("make", "lint")], calls_of(told))
    assert [call.message_idx for call in asked.failures] == [3]


def test_calls_that_name_a_learning() -> None:
    """A step of the command line counts, also behind `cd`; a refused call is none; the quote is what went wrong."""
    told = session(
        says("go"),
        runs("cd web && rtk bun run test"),
        answers("Exit code 2\nerror: unrecognized subcommand 'bun'\n", error=True),
        runs("rtk git status"),
        answers(),
        runs("rtk rm x"),
        answers(rejected=True),
        runs("echo rtk"),
        answers(),
    )
    asked = asked_in(asked_commands("Always prefix commands with `rtk`"), calls_of(told))
    assert [call.message_idx for call in asked.calls] == [1, 3]
    assert [failure_quote(call) for call in asked.failures] == ["error: unrecognized subcommand 'bun'"]


@pytest.mark.parametrize(
    ("script", "quoted"),
    [
        ("cd web\nbun run test", "bun run test"),
        (
            "git commit -m \"$(cat <<'EOF'\nFix it\n\nIt didn't work.\nEOF\n)\" && git status",
            "git commit -m \"$(cat <<'EOF'",
        ),
        ("cat > a.py <<EOF\nprint(1)\nEOF\npython a.py", "python a.py"),
        ('git commit -m "Fix\n\nall of it" --no-verify', 'git commit -m "Fix'),
        ("pytest \\\n  -q tests", "pytest \\"),
        ('echo \'a\' "b" \\"\nmake', "make"),
    ],
)
def test_a_failed_script_is_quoted_by_its_last_command(script: str, quoted: str) -> None:
    """By the line that it begins in; what a here-document, quotes or a continued line holds tells nobody what failed."""
    [call] = calls_of(session(says("go"), runs(script), answers("Exit code 1\nno", error=True)))
    assert call_that_failed(call) == f"{quoted} → no"


@pytest.mark.parametrize(
    ("answer", "quoted"),
    [
        ("Exit code 1\n$ biome check .\n\nfound 2 errors", "found 2 errors"),
        ("Exit code 1\n\n> app@1.0.0 lint\n> eslint .\n\nParsing error", "Parsing error"),
        ("Exit code 1\n$ biome check .", "$ biome check ."),
    ],
)
def test_a_script_that_is_repeated_before_its_answer_is_not_the_quote(answer: str, quoted: str) -> None:
    """Unless nothing else was said."""
    [call] = calls_of(session(says("go"), runs("bun run lint"), answers(answer, error=True)))
    assert failure_quote(call) == quoted
