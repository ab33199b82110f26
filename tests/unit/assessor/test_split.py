"""Splitting a rules file into what it asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessor.rules.sections import sections
from assessor.rules.split import split
from assessor.rules.units import PieceKind, lines_of

_MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "# Title",
                "## Testing",
                "- item",
                "  - child",
                "- a parent:",
                "1. one",
                "> quoted",
                "> - inside",
                "| a | b |",
                "|---|---|",
                "| 1 | 2 |",
                "```",
                "```sh",
                "~~~",
                "    code",
                "<!-- tool:start -->",
                "<!-- tool:end -->",
                "<!--",
                "-->",
                "<div>",
                "---",
                "===",
                "paths: '**/*.py'",
                "Never push.",
                "",
                "\ufeff",
                "[a1] helpful=1 harmful=0 :: Use bun.",
                "a\u2028b",
                "\x00",
            ]
        ),
        st.text(max_size=20),
    ),
    max_size=25,
)


def learnings(text: str) -> list[str]:
    return [piece.text for piece in split(text) if piece.is_learning]


@given(_MARKDOWN, st.sampled_from(["\n", "\r\n", "\r"]))
def test_no_line_is_lost_or_doubled(parts: list[str], end: str) -> None:
    """Whatever the text, its pieces and its sections cover all lines once and in order."""
    text = end.join(parts)
    lines = lines_of(text)
    assert "".join(lines) == text
    pieces = split(text)
    for cut in (pieces, sections(pieces)):
        assert [line for piece in cut for line in range(piece.first, piece.last)] == list(range(len(lines)))


@given(_MARKDOWN)
def test_ends_of_lines_do_not_matter(parts: list[str]) -> None:
    """The same file with CRLF asks for the same."""
    text = "\n".join(part for part in parts if "\r" not in part)
    assert learnings(text.replace("\r", "").replace("\n", "\r\n")) == learnings(text.replace("\r", ""))


def test_a_list_item_takes_its_children_and_its_code_along() -> None:
    """A child belongs to its parent, a fence to the item before it."""
    text = "- Use bun\n  - not npm\n- Run:\n\n  ```sh\n  bun test\n  ```\n"
    assert learnings(text) == ["Use bun\n  - not npm", "Run:\n\n  ```sh\n  bun test\n  ```"]


def test_children_of_a_colon_stand_alone_behind_their_parent() -> None:
    """What a lead-in says is said of each of its children."""
    text = "Never commit:\n\n- secrets\n- **generated**:\n  - bundles\n  - maps\n"
    assert learnings(text) == [
        "Never commit: secrets",
        "Never commit: generated: bundles",
        "Never commit: generated: maps",
    ]


def test_a_paragraph_that_asks_for_nothing_is_context() -> None:
    """An order, a word that binds, an order behind a condition; the rest only tells how things are."""
    text = (
        "# Project\n\nThis is a web server.\n\nRun the tests with:\n```\nmake test\n```\n\n"
        "Before you finish, also run the linter.\n\nTokens must not be logged.\n\n```sh\nuse this\n```\n"
    )
    assert learnings(text) == [
        "Run the tests with:\n```\nmake test\n```",
        "Before you finish, also run the linter.",
        "Tokens must not be logged.\n\n```sh\nuse this\n```",
    ]


def test_rows_of_a_table_are_learnings() -> None:
    """Each row is one, the head is none."""
    assert learnings("| say | do |\n|---|---|\n| deploy | `make up` |\n| stop | |\n") == ["deploy | `make up`", "stop"]


def test_headings_above_are_an_attribute() -> None:
    """A piece knows its headings, outermost first; a heading of the same level ends the one before."""
    pieces = {piece.text: piece.headings for piece in split("# A\n## B\n- one\n## C\n- two\n# D\n- three\n")}
    assert pieces["one"] == ("A", "B")
    assert pieces["two"] == ("A", "C")
    assert pieces["three"] == ("D",)


def test_comments_are_no_part_of_the_text() -> None:
    """The assistant never sees them; inside code they stay."""
    text = "<!-- Always remember this -->\n- Use bun <!-- since May -->\n\n```html\n<!-- kept -->\n```\n"
    assert learnings(text) == ["Use bun \n\n```html\n<!-- kept -->\n```"]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<!-- rtk v2 -->", "<!-- /rtk -->"),
        ("<!-- BEGIN rtk -->", "<!-- END rtk -->"),
        ("<!-- rtk:start -->", "<!-- rtk:end -->"),
        ("<!-- rtk begin -->", "<!-- rtk end -->"),
    ],
)
def test_a_generated_block_is_one_group(begin: str, end: str) -> None:
    """Its pieces know that they belong together."""
    groups = {piece.text: piece.group for piece in split(f"- before\n\n{begin}\n- inside\n\n{end}\n\n- after\n")}
    assert (groups["before"], groups["inside"], groups["after"]) == (None, "rtk", None)


def test_the_head_is_context_and_lines_stay_those_of_the_file() -> None:
    """Front matter asks for nothing."""
    pieces = split("\ufeff---\npaths: '**/*.py'\n---\n- Use bun\n")
    assert [(piece.kind, piece.first, piece.last) for piece in pieces] == [
        (PieceKind.CONTEXT, 0, 3),
        (PieceKind.ITEM, 3, 4),
    ]


def test_a_playbook_is_read_by_its_lines() -> None:
    """An ACE playbook gives ids; its counters are nobody's measurement."""
    (piece,) = [each for each in split("## Rules\n[ctx-1] helpful=3 harmful=1 :: Use bun.\n") if each.is_learning]
    assert (piece.kind, piece.given_id, piece.text) == (PieceKind.BULLET, "ctx-1", "Use bun.")


def test_sections_join_what_stands_under_one_heading() -> None:
    """A section without a request stays context."""
    text = "# Intro\nA server.\n## Tests\n- Use bun\n- Be quick\n## Style\n- Use tabs\n"
    cut = [piece for piece in sections(split(text)) if piece.kind is PieceKind.SECTION]
    assert [piece.text for piece in cut] == ["Tests\nUse bun\nBe quick", "Style\nUse tabs"]


def test_a_thousand_rules_and_deep_nesting_are_no_trouble() -> None:
    """Many rules are many learnings; a list of a hundred levels is still covered."""
    assert len(learnings("".join(f"- Rule number {number}\n" for number in range(1000)))) == 1000
    deep = "".join("  " * level + "- level:\n" for level in range(100))
    assert sum(piece.last - piece.first for piece in split(deep)) == 100
