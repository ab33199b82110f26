"""What a learning asks for, and the code it names."""

import pytest

from worker.layers.activation.named_code import CodeKind, named_code
from worker.layers.activation.wording import actions_of


@pytest.mark.parametrize(
    ("insight", "action"),
    [
        ("Tests: always run `mise run test` before committing changes", "run `mise run test`"),
        ("If you are unsure about the scope, ask the user for specifics", "ask the user for specifics"),
        ("Do not run commands through `-c`, you should create files instead", "create files instead"),
        ("Prefer using `open` instead of `cat`.", "using `open`"),
    ],
)
def test_the_action_is_found(insight: str, action: str) -> None:
    """Labels, conditions, modal words, reasons and what is forbidden are taken off."""
    assert action in actions_of(insight)


def test_a_short_learning_stays_whole() -> None:
    """Nothing is cut off where hardly anything would be left."""
    assert actions_of("Never: do it") == ("Never: do it",)
    assert actions_of("") == ("",)


def test_named_code_has_its_kind() -> None:
    """Commands, written code and mere mentions are told apart; a chain of commands gives each of them."""
    found = {
        code.text: code.kind for code in named_code("Run `make fmt && make lint`, call `t.Parallel()`, see `README.md`")
    }
    assert found == {
        "make fmt": CodeKind.COMMAND,
        "make lint": CodeKind.COMMAND,
        "t.Parallel()": CodeKind.WRITTEN,
        "README.md": CodeKind.FILE,
    }


def test_a_quoted_word_is_a_command_only_where_it_is_used() -> None:
    """With "use" before it, it names a program; "the `settings` package" is a thing, and a bare snake_case word may be prose."""
    found = named_code("Use `uv` for this. Access goes through the `settings` package and find_file")
    assert [(code.text, code.kind) for code in found] == [
        ("uv", CodeKind.COMMAND),
        ("settings", CodeKind.MENTIONED),
        ("find_file", CodeKind.MENTIONED),
    ]


def test_warnings_are_not_asked_for_and_examples_not_missed() -> None:
    """Code under "do not", "instead of" or "unless" is left out; code after "e.g." or "such as" is marked as an example."""
    insight = "Use `a_b()` instead of `c_d()`. Never call `e_f()`. Files such as `g.py`. Call it (e.g. `h_i()`) unless `j_k()` fits."
    assert [(code.text, code.is_example) for code in named_code(insight)] == [
        ("a_b()", False),
        ("g.py", True),
        ("h_i()", True),
    ]
    assert named_code("NEVER run: `npm run dev`, `npm run build`") == ()


def test_a_template_is_no_name() -> None:
    """It never stands anywhere as written, so that its absence says nothing; a command goes as far as its placeholder."""
    named = named_code("Name it `NN.semantic-name.md`. Commit with `git commit -m <text>`")
    assert [code.text for code in named] == ["git commit -m <text>"]
    assert named[0].stands_in("git commit -m 'x'")


@pytest.mark.parametrize(
    ("span", "text", "found"),
    [
        ("`feat/…`", "git checkout -b feat/login", True),
        ("`feat/...`", "a new feature", False),
        ("`Fixes #123`", "fixes #7: close it", True),
        ("`Fixes #id`", "fixes bug 7", False),
        ("`app/handlers/<feature>.py`", "create app/handlers/login.py", True),
        ("`app/handlers/<feature>.py`", "create app/views/login.py", False),
    ],
)
def test_a_placeholder_stands_for_anything(span: str, text: str, found: bool) -> None:
    """What is literal around it must stand there; what it stands for may be anything but nothing."""
    assert named_code(f"Name it {span}")[0].stands_in(text) is found


def test_a_name_may_end_before_a_colon() -> None:
    """A heading is found with its colon; a longer name with a colon in it is another one."""
    heading = named_code('Include a short "How to verify" section')[0]
    assert heading.kind is CodeKind.PHRASE
    assert heading.stands_in("### how to verify:")
    assert not named_code("Run `mise run test`")[0].stands_in("mise run test:ci")


def test_well_known_tools_need_no_quotes() -> None:
    """They are commands wherever they are named, but for what is forbidden, and only at a command's beginning."""
    named = named_code("Check with ruff, mypy and pytest, not pylint; the vitest docs")
    assert [(code.text, code.kind) for code in named] == [
        ("ruff", CodeKind.COMMAND),
        ("mypy", CodeKind.COMMAND),
        ("pytest", CodeKind.COMMAND),
    ]
    for text, found in (
        ("pytest -q", True),
        ("uv run pytest", True),
        ("python -m pytest", True),
        ("see pytest", False),
    ):
        assert named[2].stands_in(text) is found


def test_a_file_is_known_by_its_name() -> None:
    """Wherever it lies: a session names it by other paths than its learning does."""
    (code,) = named_code("Update `docs/CHANGELOG.md`")
    assert code.kind is CodeKind.FILE
    assert code.stands_in("updated `changelog.md`")


@pytest.mark.parametrize(
    ("insight", "text", "found"),
    [
        ("Run `mise run test`", "mise run test 2>&1", True),
        ("Run `mise run test`", "mise run test:integration", False),
        ("Run `mise run test`", "optimise run test", False),
        ("Use `logging.Debug/Info(ctx)`", "logging.info(c)", True),
        ("Use `fmt.Fprint*(w)`", "fmt.fprintln(w)", True),
        ("Use `pnpm`, not `npm`", "pnpm install", True),
        ("Use `pnpm`, not `npm`", "ls | pnpm exec x", True),
        ("Prefer using `open` instead of `cat`", "we open the file", False),
        ("Never do that! Try to use `xxd` or `hexdump`", "hexdump -c a", False),
        ("Never do that! Try to use `xxd` or `hexdump`", "xxd a", True),
        ("Follow the Conventional Commits specification", 'git commit -m "fix(api): close it"', True),
        ("Follow the Conventional Commits specification", "prefix: something", False),
        ("Format: `<type>(<scope>): <description>`", 'git commit -m "fix(api): close it"', True),
        ("Follow the Conventional Commits specification", "a conventional commit message", True),
    ],
)
def test_named_code_is_found_as_whole_words(insight: str, text: str, found: bool) -> None:
    """A longer name that holds it is another name; alternatives and endings are understood."""
    assert named_code(insight)[0].stands_in(text) is found


def test_a_line_of_the_list_of_commit_types_is_a_convention_of_its_own() -> None:
    """It is followed by a commit of that type, and by no other one."""
    found = [code for code in named_code("`refactor` - Code restructuring") if code.kind is CodeKind.WRITTEN]
    assert [code.stands_in(text) for code in found for text in ("refactor(cli): split it", "feat: a new one")] == [
        True,
        False,
    ]
    assert not [code for code in named_code("Run `test` before a commit") if code.kind is CodeKind.WRITTEN]
