"""Learnings that move out of a rules file and back: byte for byte, with every edit since, or a contradiction that is shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from assessor.managed.adopting import files_with_records, restoration
from assessor.managed.moving import Move, move
from assessor.managed.records import Record, keep
from assessor.managed.restoring import restore
from assessor.rules.catalogue import Unit
from assessor.rules.units import lines_of
from assessor.rules.wording import learning_id
from worker.errors import InvalidFile
from worker.formats.learnings_file import HEADER, POINTER, LearningsFile

PIECES = [
    "# Title\n",
    "## Testing 🧪\n\n",
    "- Always run `bun test`\n",
    "- Never commit to main\n\n",
    "* Use tabs, not spaces\n",
    "1. Do this first\n2. Do that then\n",
    "- When testing:\n  - use fakes\n  - avoid sleeps\n\n",
    "| what | how |\n|---|---|\n| must | `make` |\n| never | `rm` |\n\n",
    "```sh\n# not a heading\n- not a bullet\nmake test\n```\n\n",
    "~~~\nopen\n",
    "You must write tests first.\n\n",
    "Just a word about history.\n\n",
    "<!-- a comment -->\n",
    "<!-- tool:begin -->\n- Use the tool\n<!-- tool:end -->\n\n",
    "> - Prefer quotes\n\n",
    "Setext title\n===\n\n",
    "- Keep *this* **bold** 🦀 — and “that”\n\n  A second paragraph of it.\n\n",
    "    indented code\n\n",
    "- [ ] Check the list\n",
    "<!-- groove:learning x -->\n",
    "\n\n",
    "   \n",
    "- Prefer\ttabs \n",
]
TEXTS = st.builds(
    lambda head, pieces, newline, ends: _ended((head + "".join(pieces)).replace("\n", newline), ends),
    st.sampled_from(["", "---\nname: x\n---\n", "\ufeff", "---\nbroken\n"]),
    st.lists(st.sampled_from(PIECES), max_size=9),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.booleans(),
)
OFTEN = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def _ended(text: str, ends: bool) -> str:
    return text if ends else text.rstrip("\r\n")


def moved(text: str, unit: Unit, is_wanted: Callable[[str], bool] = lambda _: True, taken: Move | None = None) -> Move:
    return move(
        text,
        unit=unit,
        id_of=lambda words, kind: learning_id(kind, "project:/p", words),
        is_wanted=lambda id_, _, __: is_wanted(id_),
        taken={block.id: block.text for block in taken.blocks} if taken else {},
    )


def recorded(done: Move, file: str = "CLAUDE.md", at: int = 1) -> Record:
    return Record(file=file, at=at, before=done.before.encode(), after=done.after.encode(), moved=done.moved)


def adopted(text: str, unit: Unit) -> tuple[Move, Record, LearningsFile]:
    done = moved(text, unit)
    return done, recorded(done), LearningsFile.parse(str(LearningsFile().with_(done.blocks)))


@OFTEN
@given(TEXTS, st.sampled_from(["bullet", "section"]))
def test_there_and_back(text: str, unit: Unit) -> None:
    """Whatever the file: restored it has the same bytes, and the managed file is empty again."""
    done, record, learnings = adopted(text, unit)
    assume(done.moved)
    assert set(learnings.learnings) == set(done.learning_ids)
    assert done.after.count(POINTER) == 1
    back = restore([record], done.after.encode(), learnings)
    assert (back.rules, back.conflicts) == (text.encode(), ())
    assert str(back.learnings) == HEADER


@OFTEN
@given(TEXTS, st.sampled_from(["bullet", "section"]), st.data())
def test_an_edit_of_the_rules_file_in_between_is_kept_or_shown(text: str, unit: Unit, data: st.DataObject) -> None:
    """A line changed, added or taken out somewhere: the same edit of the file as it was, or a conflict and nothing else."""
    done, record, learnings = adopted(text, unit)
    lines = lines_of(text)
    gone = {number for one in done.moved for number in range(one.first, one.last)}
    kept = [number for number in range(len(lines)) if number not in gone]
    assume(done.moved and kept)
    place = data.draw(st.sampled_from(kept))
    new = data.draw(st.sampled_from([[], ["edited 🦀\n"], ["one\n", "two\n"]]))
    before = [*lines[:place], *new, *lines[place + 1 :]]
    at = kept.index(place)
    now_lines = lines_of(done.after)
    ours = next(number for number, line in enumerate(now_lines) if POINTER in line) - 1  # the empty line above it
    assume(at < ours and now_lines[at] == lines[place])  # the last line may have got a line end
    now = "".join([*now_lines[:at], *new, *now_lines[at + 1 :]]).encode()
    back = restore([record], now, learnings)
    if back.conflicts:
        assert back.rules == now
        assert back.learnings is learnings
        assert all(conflict.strip() for conflict in back.conflicts)
    else:
        assert back.rules == "".join(before).encode()


@OFTEN
@given(TEXTS, st.sampled_from(["bullet", "section"]))
def test_what_is_added_at_the_end_stays_there(text: str, unit: Unit) -> None:
    """Below the line that names the managed file, where most people add."""
    done, record, learnings = adopted(text, unit)
    assume(done.moved)
    back = restore([record], (done.after + "- Added\n").encode(), learnings)
    assert back.conflicts == ()
    newline = "\r\n" if "\r\n" in text else "\n"
    ended = text if text.endswith(("\n", "\r")) else text + newline
    assert back.rules == (ended + "- Added\n").encode()


@OFTEN
@given(TEXTS, st.sampled_from(["bullet", "section"]))
def test_what_is_added_above_the_line_stands_above_what_comes_back(text: str, unit: Unit) -> None:
    """Under its old neighbour, in its old section; or a conflict and nothing else."""
    done, record, learnings = adopted(text, unit)
    lines, now_lines = lines_of(text), lines_of(done.after)
    gone = {number for one in done.moved for number in range(one.first, one.last)}
    kept = [number for number in range(len(lines)) if number not in gone]
    assume(done.moved)
    at = max(0, next(number for number, line in enumerate(now_lines) if POINTER in line) - 1)
    assume(not at or now_lines[at - 1] == lines[kept[at - 1]])  # the last line may have got a line end
    now = "".join([*now_lines[:at], "- Added\n", *now_lines[at:]]).encode()
    back = restore([record], now, learnings)
    if back.conflicts:
        assert (back.rules, back.learnings) == (now, learnings)
        return
    place = kept[at - 1] + 1 if at else 0
    assert back.rules == "".join([*lines[:place], "- Added\n", *lines[place:]]).encode()


@OFTEN
@given(TEXTS, st.data())
def test_an_edit_of_the_managed_file_in_between_is_kept_or_shown(text: str, data: st.DataObject) -> None:
    """A learning reworded there stands reworded in its old place; one taken out stays out."""
    done, record, learnings = adopted(text, "bullet")
    assume(done.moved)
    victim = data.draw(st.sampled_from(done.learning_ids))
    block = learnings.learnings[victim]
    new = data.draw(st.sampled_from(["", "- Reworded, at last 🦀"]))
    source = str(learnings)
    edited = LearningsFile.parse(
        source.replace(block.source, "") if not new else source.replace(block.text + "\n", new + "\n", 1)
    )
    assume(set(edited.learnings) == set(done.learning_ids) - ({victim} if not new else set()))
    back = restore([record], done.after.encode(), edited)
    if back.conflicts:
        assert (back.rules, back.learnings) == (done.after.encode(), edited)
        assert new in "".join(back.conflicts)
        return
    gone = {number for one in done.moved if one.learning_id == victim for number in range(one.first, one.last)}
    untouched = [line for number, line in enumerate(lines_of(text)) if number not in gone]
    result = lines_of(back.rules.decode())
    assert [line for line in result if line in untouched] == untouched or new
    assert new.encode() in back.rules
    assert len(result) == len(untouched) or new


@OFTEN
@given(TEXTS)
def test_moved_twice_and_back(text: str) -> None:
    """First some learnings, later the others: undone one after the other, to the byte."""
    first = moved(text, "bullet", lambda id_: int(id_[-8:], 16) % 2 == 0)
    second = moved(first.after, "bullet", taken=first)
    assume(first.moved and second.moved)
    learnings = LearningsFile.parse(str(LearningsFile().with_(first.blocks).with_(second.blocks)))
    back = restore([recorded(second, at=2), recorded(first)], second.after.encode(), learnings)
    assert (back.rules, back.conflicts) == (text.encode(), ())
    assert not back.learnings.blocks


@given(
    st.lists(st.sampled_from([*PIECES, "<!-- groove:section s -->\n", "<!-- groove:learning a in s -->\n", "- a\n"]))
)
def test_any_text_is_a_managed_file(pieces: list[str]) -> None:
    """Read and written it is the same."""
    text = "".join(pieces)
    assert str(LearningsFile.parse(text)) == text


def test_ids_of_any_form_come_back() -> None:
    """Also one that would end the comment, or looks like two."""
    ids = ["a in b", "x --> y", "50%", "%20", "a--b", "rules-1f"]
    text = "".join(f"- Always keep {number}\n" for number in range(len(ids)))
    waiting = list(ids)
    done = move(text, unit="bullet", id_of=lambda _, __: waiting.pop(0), is_wanted=lambda *_: True)
    assert list(LearningsFile.parse(str(LearningsFile().with_(done.blocks))).learnings) == ids


def test_a_section_moves_with_its_words() -> None:
    """Its learnings are drawn together; heading and context stand with them, and the store's side is told of all."""
    text = "# Top\n\n## Tests\n\nWe test a lot.\n\n- Always run `make`\n- Never sleep\n\n## More\n\n- Use rg\n"
    done = move(
        text,
        unit="section",
        id_of=lambda words, unit: f"{unit}-{words[:14]}",
        is_wanted=lambda _, headings, __: "Tests" in headings,
    )
    assert done.after == f"# Top\n\n## More\n\n- Use rg\n\n{POINTER}\n"
    managed = LearningsFile().with_(done.blocks).managed(Path("/p"))
    assert [(each.text, each.unit) for each in managed.learnings] == [
        ("- Always run `make`", managed.units[0].id),
        ("- Never sleep", managed.units[0].id),
    ]
    assert managed.units[0].title == "Tests"
    assert managed.units[0].text.startswith("## Tests\n\nWe test a lot.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("| a | b |\n|---|---|\n| must | do |\n", "row of a table"),
        ("<!-- x:begin -->\n- Use it\n<!-- x:end -->\n", "a tool keeps"),
        ("You must write:\n```\n<!-- groove:learning x -->\n```\n", "comment of this tool"),
        (f"- Use {'it ' * 4000}\n", "longer than"),
    ],
    ids=["row", "generated", "mark", "long"],
)
def test_what_cannot_move_stays_with_its_reason(text: str, reason: str) -> None:
    """The file is left as it was."""
    done = moved(text, "bullet")
    assert (done.after, done.blocks) == (text, ())
    assert reason in next(iter(done.left.values()))


@pytest.mark.parametrize("file", ["../outside.md", "/tmp/outside.md", ".git/config", "link.md", "setup.py"])
def test_a_record_of_a_stranger_names_no_other_file(tmp_path: Path, file: str) -> None:
    """Records come with a repository: none of them has a file written outside of it, or one that is no text for people."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (tmp_path / "outside.md").write_text("mine")
    (root / "link.md").symlink_to(tmp_path / "outside.md")
    keep(root, Record(file=file, at=1, before=b"theirs", after=b"mine", moved=()))
    keep(root, Record(file="CLAUDE.md", at=2, before=b"theirs", after=b"mine", moved=()))
    assert files_with_records(root) == [root / "CLAUDE.md"]
    with pytest.raises(InvalidFile, match="no rules file"):
        restoration(root, root / file)
