"""Lines that have a rule's form and ask for nothing are no learnings, and are told."""

from pathlib import Path

import pytest

from assessor.rules.discovery import discover
from assessor.rules.left_out import left_out
from assessor.rules.sections import sections
from assessor.rules.split import split
from assessor.rules.units import NoRule
from worker.cli.support.left_out_lines import left_out_lines


def no_rules(text: str) -> dict[str, NoRule]:
    """Titles apart."""
    return {piece.text: piece.no_rule for piece in split(text) if piece.no_rule is not None and not piece.is_title}


def learnings(text: str) -> list[str]:
    return [piece.text for piece in split(text) if piece.is_learning]


@pytest.mark.parametrize(
    "heading",
    ["Changelog", "v1.2 - 2026-03-04 (first)", "[1.4.0]", "2026-03-04: storage", "2026年3月 - 存储", "Histórico"],
)
def test_what_stands_under_a_version_or_a_date_is_a_log(heading: str) -> None:
    """Only an order or a word that binds makes a rule of it."""
    text = f"# Shop\n\n## {heading}\n\n- Colour search\n- Basket kept for 7 days\n- Never delete a basket.\n"
    assert no_rules(text) == {"Colour search": NoRule.CHANGE_LOG, "Basket kept for 7 days": NoRule.CHANGE_LOG}
    assert learnings(text) == ["Never delete a basket."]


def test_rules_about_a_change_log_stay_rules() -> None:
    """The title alone does not decide."""
    text = "## Changelog\n\nBefore every release:\n\n- Add a line for users\n- Keep the newest on top\n"
    assert no_rules(text) == {}
    assert len(learnings(text)) == 2


@pytest.mark.parametrize(
    "item",
    [
        "Added a search by colour",
        "**Fixed** the basket's total",
        "Implemented retries of payments",
        "修复了购物车",
        "Criado um mapa",
    ],
)
def test_an_item_that_says_what_was_done_is_a_log(item: str) -> None:
    """In the past tense it reports."""
    assert list(no_rules(f"- {item}\n").values()) == [NoRule.CHANGE_LOG]


@pytest.mark.parametrize(
    "item",
    [
        "Added files must have a header",
        "Updated values by hand break the cache",
        "Removed code stays removed: never bring it back",
        "`moved` blocks name both addresses",
        "Icons: lucide-react",
        "Tests are in `tests/`",
        "aiohttp",
        "Fechar a sessão no fim",
        "提交前运行测试",
    ],
)
def test_what_a_person_may_mean_as_a_rule_stays_one(item: str) -> None:
    """Facts, fragments and other languages are learnings as before."""
    assert learnings(f"- {item}\n") == [item]


def test_pointers_are_no_rules() -> None:
    """A link of which nothing is said, and what stands under "See also"."""
    text = (
        "- [Style](docs/style.md)\n- [Style](docs/style.md) says how names are built\n\n"
        "## See also\n\n- `docs/deploy.md` - how it is deployed\n- Read `docs/house.md` before the first change\n"
    )
    assert list(no_rules(text)) == ["[Style](docs/style.md)", "`docs/deploy.md` - how it is deployed"]
    assert "Read `docs/house.md` before the first change" in learnings(text)


def test_what_is_to_be_filled_in_is_no_rule() -> None:
    """A template's words in brackets ask its reader, not the assistant."""
    text = "- (Define the rules for tests here.)\n- [Describe your stack]\n- TBD\n- (Optional) Run the slow tests\n"
    assert list(no_rules(text).values()) == [NoRule.PLACEHOLDER] * 3
    assert learnings(text) == ["(Optional) Run the slow tests"]


def test_a_table_that_describes_is_no_rule() -> None:
    """A row that orders, gives a command, or stands under a title of rules is one; figures are none anywhere."""
    table = "| a | b |\n|---|---|\n| {} |\n"
    cases: dict[str, dict[str, NoRule | None]] = {
        "Parts": {
            "Cache | keeps pages": NoRule.TABLE,
            "Reads | 120 ms": NoRule.FIGURES,
            "Method A | ⭐⭐⭐": NoRule.FIGURES,
            "Cache | Never write to it": None,
            "All tests | `make test`": None,
            "缓存 | 保存页面": None,
        },
        "Naming conventions": {"Hooks | begin with use": None},
        "Tech stack": {"Icons | lucide-react": None},
    }
    for heading, rows in cases.items():
        for row, why in rows.items():
            assert no_rules(f"Table\n\n## {heading}\n\n{table.format(row)}").get(row) == why, row


def test_measured_values_are_no_rule() -> None:
    """From one number to another is a report."""
    assert list(no_rules("- Mean: 79.8 s → 23.9 s\n").values()) == [NoRule.FIGURES]
    assert learnings("- Map `1` -> 2 in the table\n") == ["Map `1` -> 2 in the table"]


@pytest.mark.parametrize(
    "title",
    [
        "Design System",
        "File Organization",
        "Test (90 % savings)",
        "Build & Compile",
        "❌ Never Do This",
        "See Also",
        "Use Cases",
        "Commands",
    ],
)
def test_a_title_is_no_rule(title: str) -> None:
    """Its first word may be a verb, and names a thing."""
    assert [piece.no_rule for piece in split(f"## {title}\n\n```sh\nmake\n```\n")][:1] == [NoRule.TITLE]


@pytest.mark.parametrize(
    "title",
    [
        "Always wrap `.play()`",
        "Use modern color functions",
        "Do not edit generated files",
        "Run tests before a commit",
        "5.4 Don't Define Components Inside Components",
    ],
)
def test_a_title_that_orders_is_a_rule(title: str) -> None:
    """It has an object."""
    assert len(learnings(f"## {title}\n\n```sh\nmake\n```\n")) == 1


def test_what_was_left_out_is_told(tmp_path: Path) -> None:
    """How much and why, and where the first lines stand that look like rules; titles and prose are only counted."""
    (tmp_path / "AGENTS.md").write_text(
        "# Shop\n\nA shop.\n\n- Run the tests\n\n## v1.0 - 2026-01-02\n\n- Colour search\n"
    )
    found = left_out(discover(tmp_path, tmp_path / "home").files)
    told = list(left_out_lines(found))
    assert told[0].startswith(f"left out, as asking for nothing: {len(found)} passages (")
    assert [line for line in told if "AGENTS.md:9: Colour search (of a change log)" in line]
    assert not [line for line in told[1:] if "A shop." in line]
    assert list(left_out_lines([])) == []


OF_CODEX = """\
## Skills
A skill is a set of local instructions to follow that is stored in a `SKILL.md` file. Below is the list.

### Available skills
- bake: Use it for bread. (file: /w/skills/bake/SKILL.md)

### How to use skills
- Trigger rules: you must use a skill that is named.
  1) Open its file.
"""


@pytest.mark.parametrize(
    "section",
    [
        OF_CODEX,
        "## Plugins\nA plugin is a local bundle of skills, MCP servers, and apps.\n### How to use plugins\n- Do x.\n",
        "## Apps (Connectors)\nApps (Connectors) can be explicitly triggered in user messages. Do not list them.\n",
        "## JavaScript REPL (Node)\n- Use `js_repl` for Node-backed JavaScript with top-level await.\n- Avoid `x`.\n",
        "Each AGENTS.md governs the entire directory that contains it. You must obey.\n",
    ],
)
@pytest.mark.parametrize("after", ["\n## Ours\n\n- Use make.\n", "\n---\n\nAlways use make.\n"])
def test_what_codex_adds_to_its_rules_is_none_of_the_project(section: str, after: str) -> None:
    """People copy what they see of a session's rules into the file."""
    text = f"- Use bun.\n\n{section}{after}"
    found = [piece for piece in split(text) if piece.no_rule is NoRule.ASSISTANT]
    assert found
    assert len(learnings(text)) == len(learnings(f"- Use bun.\n{after}")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "## Skills\n\n- Use the skill `bake` for bread.\n",
        "## Plugins\n\nAlways write a plugin as one file.\n",
        f"{OF_CODEX}\nNever commit secrets.\n",
        f"{OF_CODEX}\n### Ours\n\n- Use the skill `bake` for bread.\n",
    ],
)
def test_what_a_person_wrote_about_skills_stays_a_rule(text: str) -> None:
    """Under a title of Codex's, or below its section."""
    assert len(learnings(text)) == 1


def test_a_section_is_without_what_codex_adds() -> None:
    """Its paragraphs stand in the last section of a file."""
    text = "## Ours\n\n- Use bun.\n"
    added = f"{text}\nEach AGENTS.md governs the entire directory that contains it.\n"
    assert [each.text for each in sections(split(added))] == [each.text for each in sections(split(text))]


BY_SPEC_KIT = """\
# shop Development Guidelines

## Active Technologies

- Python 3.11 + FastAPI (001-basket)
- N/A (002-colours)
- Swift 5.9+ (iOS 17+)
- Use one database for all tests (003-tests)
- SQLite, never another (004-storage)

## Code Style

Python 3.11 (kept by: uv): Follow standard conventions

## Recent Changes

- 001-basket: Added Python 3.11 + FastAPI
"""


def test_what_spec_kit_fills_in_is_no_rule() -> None:
    """Technologies, a style that it knows nothing of, and its log; an order stays."""
    assert list(no_rules(BY_SPEC_KIT).values()) == [*[NoRule.TECHNOLOGIES] * 3, NoRule.FILLER, NoRule.CHANGE_LOG]
    assert learnings(BY_SPEC_KIT) == [
        "Use one database for all tests (003-tests)",
        "SQLite, never another (004-storage)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "- Write idiomatic Go: Follow standard conventions\n",
        "- Follow standard conventions for names\n",
        "- Always follow standard conventions\n",
        "## Stack\n\n- Python 3.11 + FastAPI\n",
        "Read this first: `docs/build.md`\n",
        "## Read `docs/build.md` first\n",
        "## Read the guide before you change the parser\n",
        "## Ask first\n",
    ],
)
def test_what_only_resembles_it_stays_a_rule(text: str) -> None:
    """It says something."""
    assert len(learnings(text)) == 1


@pytest.mark.parametrize(
    "title", ["Read This First", "READ FIRST", "📖 Read this file first!", "Start Here", "Check this first"]
)
@pytest.mark.parametrize("form", ["## {}\n", "**{}**\n"])
def test_a_title_that_says_where_to_begin_is_no_rule(title: str, form: str) -> None:
    """What is to be done stands below it."""
    text = form.format(title)
    assert [piece.no_rule for piece in split(text)] == [NoRule.TITLE]
    assert learnings(f"{text}\n- Use make.\n") == ["Use make."]


@pytest.mark.parametrize(
    "paragraph",
    [
        "Verwende `bun` für alle Skripte.",
        "Änderungen am Schema müssen geprüft werden.",
        "Commits niemals ohne Tests.",
        "Usa `bun` para los scripts.",
        "Los cambios nunca van sin pruebas.",
        "Não faça commit direto na main.",
        "Utilise `bun` pour les scripts.",
        "Il faut lancer les tests avant un commit.",
        "Usare `bun` per gli script.",
        "Gebruik `bun` voor scripts.",
        "Используй `bun` для скриптов.",
        "Не добавляйте зависимости без причины.",
        "使用 `bun` 运行脚本。",
        "提交之前必须运行测试。",
        "npm ではなく `bun` を使ってください。",
        "コミットの前にテストを実行すること。",
        "커밋 전에 반드시 테스트를 실행하세요.",
    ],
)
def test_a_paragraph_in_another_language_that_orders_is_a_rule(paragraph: str) -> None:
    """English is not the only language of orders; a list's item needs none to be one."""
    assert learnings(f"{paragraph}\n") == [paragraph]
    assert learnings(f"- {paragraph}\n") == [paragraph]
    assert learnings(f"## Changelog\n\n- {paragraph}\n") == [paragraph]


@pytest.mark.parametrize(
    "paragraph",
    [
        "Das Projekt besteht aus drei Teilen.",
        "El proyecto tiene tres partes y usa una base de datos.",
        "O projeto contém três partes.",
        "Le projet contient trois parties.",
        "Il progetto ha tre parti.",
        "Проект состоит из трёх частей.",
        "这个项目有三个部分，使用一个数据库。",
        "このプロジェクトは三つの部分からなる。",
        "이 프로젝트는 세 부분으로 구성됩니다.",
        "The USA office runs Immer and Nunjucks. There are no uses of it.",
        "USA office hours are listed elsewhere.",
        "用户可以提交申请。优先级由管理员设置。",
        "利用者は注文を検索することができます。",
        "절대 경로와 상대 경로가 있습니다.",
    ],
)
def test_a_paragraph_in_another_language_that_describes_is_none(paragraph: str) -> None:
    """Where it is not clear, it stays out."""
    assert list(no_rules(f"{paragraph}\n").values()) == [NoRule.DESCRIPTION]
