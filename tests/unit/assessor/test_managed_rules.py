"""The managed file is a rules file like others: what moved there keeps its id, its epoch and its text, and an edit there is an edit."""

from pathlib import Path

import pytest

from assessor.managed.adopting import is_news_to_the_hook, tell_the_hook
from assessor.managed.moving import move
from assessor.project import Project, look_at
from assessor.rules.asks import asks
from assessor.rules.catalogue import Catalogue, Unit
from assessor.rules.left_out import left_out
from assessor.rules.wording import normalised
from worker.formats.hook_folder import HookFolder
from worker.formats.hook_managed import Managed, read_managed, write_managed
from worker.formats.learnings_file import PLACE, POINTER, LearningsFile

RULES = """\
# Work

## Tests

When testing:
- use fakes
- avoid sleeps

| must | `make` |
|---|---|
| never | `rm` |

## More

1. Prefer `rg`
"""


def look(root: Path, known: Catalogue, unit: Unit) -> Project:
    return look_at(root, home=root / "nobody", known=known, now=1, unit=unit)


@pytest.mark.parametrize("unit", ["bullet", "section"])
def test_what_moved_is_the_same_rule(tmp_path: Path, unit: Unit) -> None:
    """Nothing is new, reworded or gone, whichever unit is looked at; the line that stays asks for nothing."""
    (tmp_path / "CLAUDE.md").write_text(RULES)
    known = look(tmp_path, look(tmp_path, Catalogue(), "bullet").catalogue, "section").catalogue
    ids = {(rule.unit, rule.words): rule.learning_id for rule in known.rules.values()}
    done = move(RULES, unit=unit, id_of=lambda words, kind: ids.get((kind, words)), is_wanted=lambda *_: True)
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text(str(LearningsFile().with_(done.blocks)))
    (tmp_path / "CLAUDE.md").write_text(done.after)
    assert not asks(POINTER)
    assert POINTER not in {each.text for each in left_out(look(tmp_path, known, "bullet").files)}
    looked: tuple[Unit, ...] = ("bullet", "section") if unit == "section" else ("bullet",)
    for each in looked:
        after = look(tmp_path, known, each)
        moved = {rule.learning_id for rule in after.changes.unchanged}
        assert moved == {rule.learning_id for rule in known.rules.values() if rule.unit == each} or unit == "bullet"
        assert (after.changes.new, after.changes.reworded) == ((), ())
        for rule in after.changes.unchanged:
            assert rule.text == known.rules[rule.learning_id].text
            assert rule.epoch == 1


def test_an_edit_there_is_another_wording(tmp_path: Path) -> None:
    """By the id in the file, however different the words are."""
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text("<!-- groove:learning mine -->\n- Always run `make`\n")
    first = look(tmp_path, Catalogue(), "bullet")
    (rule,) = first.changes.new
    assert (rule.learning_id, rule.text) == ("mine", "Always run `make`")
    (tmp_path / PLACE).write_text("<!-- groove:learning mine -->\n- In this place nothing is as it was\n")
    (reworded,) = look(tmp_path, first.catalogue, "bullet").changes.reworded
    assert (reworded.learning_id, reworded.epoch) == ("mine", 2)
    assert reworded.words == normalised("In this place nothing is as it was")


def test_edits_of_the_managed_file_are_seen(tmp_path: Path) -> None:
    """Of this project alone, which may have moved. Once the hook was told, there is nothing to tell."""
    data = tmp_path / "data"
    managed = HookFolder(data).managed
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text("<!-- groove:learning mine -->\n- Always run `make`\n")
    assert not is_news_to_the_hook(tmp_path, data)
    assert is_news_to_the_hook(tmp_path, tmp_path / PLACE.parent), "a clone, or an adoption that was cut short"
    write_managed(managed, Managed(root=str(tmp_path.parent)))
    assert not is_news_to_the_hook(tmp_path, data)
    for root in (str(tmp_path / "gone"), str(tmp_path)):
        write_managed(managed, Managed(root=root))
        assert is_news_to_the_hook(tmp_path, data)
        tell_the_hook(tmp_path, data)
        assert not is_news_to_the_hook(tmp_path, data)
        told = read_managed(managed)
        assert told is not None
        assert (told.root, [each.id for each in told.learnings]) == (str(tmp_path), ["mine"])
