"""Learnings keep their ids through edits of the rules files."""

from pathlib import Path

import pytest

from assessor.rules.catalogue import Catalogue, Changes
from assessor.rules.files import Family, Owner, RulesFile
from assessor.rules.matching import matched
from assessor.rules.texts import KnownTexts
from assessor.rules.wording import is_flipped, normalised
from worker.errors import InvalidFile

OLD = "- Always run the whole test suite with bun before you commit anything\n- Use tabs\n"


def file(text: str, name: str = "CLAUDE.md", owner: Owner = Owner.PROJECT) -> RulesFile:
    return RulesFile(path=Path("/p") / name, family=Family.CLAUDE, owner=owner, text=text)


def look(known: Catalogue, *files: RulesFile, now: int = 1) -> tuple[Catalogue, Changes]:
    return known.look(files, project="/p", unit="bullet", now=now)


def test_ids_carry_the_files_name_and_stay_when_the_rule_moves() -> None:
    """Another heading, another file, other marks: the same learning in the same epoch."""
    known, first = look(Catalogue(), file(OLD))
    assert all(rule.learning_id.startswith("CLAUDE-") for rule in first.new)
    moved = file("# Style\n* **USE** tabs!\n", "AGENTS.md")
    known, changes = look(known, file(OLD.splitlines(keepends=True)[0]), moved, now=2)
    assert {rule.learning_id for rule in changes.unchanged} == {rule.learning_id for rule in first.new}
    (tabs,) = [rule for rule in changes.unchanged if "tabs" in rule.text]
    assert (tabs.epoch, tabs.places[0].path, tabs.places[0].headings) == (1, "/p/AGENTS.md", ("Style",))


def test_other_words_for_the_same_rule_begin_an_epoch() -> None:
    """Similar enough, and not the opposite: same id, next epoch, since now."""
    known, first = look(Catalogue(), file(OLD))
    _, changes = look(known, file(OLD.replace("commit anything", "push anything")), now=2)
    (rule,) = changes.reworded
    assert (rule.learning_id, rule.epoch, rule.since) == (first.new[0].learning_id, 2, 2)
    assert not changes.new


def test_the_opposite_is_a_new_learning() -> None:
    """`always` that became `never` is another rule at any similarity; the old one is kept, disabled."""
    known, _ = look(Catalogue(), file(OLD))
    _, changes = look(known, file(OLD.replace("Always", "Never")), now=2)
    assert [rule.text.split()[0] for rule in changes.new] == ["Never"]
    assert [rule.is_disabled for rule in changes.disabled] == [True]


def test_a_rule_that_comes_back_is_enabled_again() -> None:
    """Its id and its values are still there."""
    known, first = look(Catalogue(), file(OLD))
    known, _ = look(known, file("- Use tabs\n"), now=2)
    assert known.rules[first.new[0].learning_id].is_disabled
    known, changes = look(known, file(OLD), now=3)
    assert not changes.new
    assert not known.rules[first.new[0].learning_id].is_disabled


def test_the_same_text_in_two_files_is_one_learning_with_two_places() -> None:
    """Whoever withholds it must withhold both; the person's own rule is another one."""
    mine = file("- Use tabs\n", "user.md", Owner.USER)
    known, changes = look(Catalogue(), file("- Use tabs\n"), file("- use **tabs**\n", "AGENTS.md"), mine)
    assert sorted(len(rule.places) for rule in changes.new) == [1, 2]
    assert {rule.scope for rule in known.rules.values()} == {"project:/p", "user"}


def test_other_projects_are_left_alone() -> None:
    """A look at one project disables nothing of another."""
    known, _ = look(Catalogue(), file(OLD))
    known, changes = known.look([], project="/other", unit="bullet", now=2)
    assert not changes.disabled
    assert not any(rule.is_disabled for rule in known.rules.values())


def test_a_second_look_changes_nothing() -> None:
    """The same files give the same catalogue, also after it was written down."""
    known, _ = look(Catalogue(), file(OLD))
    again, changes = look(Catalogue.from_bytes(known.to_bytes()), file(OLD), now=9)
    assert again == known
    assert changes == Changes(unchanged=changes.unchanged)
    with pytest.raises(InvalidFile, match="cannot be read"):
        Catalogue.from_bytes(b'{"rules": [{}]}')


def test_an_id_that_is_taken_gets_a_number() -> None:
    """A playbook's own id is used once."""
    text = "[a] helpful=0 harmful=0 :: Use bun.\n[a] helpful=0 harmful=0 :: Ask before a push.\n"
    known, _ = look(Catalogue(), file(text, "playbook.md"))
    assert len(known.rules) == 2
    assert "a" in known.rules


def test_secrets_leave_a_rules_text() -> None:
    """What is stored of a rule never holds one."""
    known, _ = look(Catalogue(), file("- Call the API with token: ghp_" + "a1" * 18 + "\n"))
    (rule,) = known.rules.values()
    assert "a1a1" not in rule.text
    assert "Call the API" in rule.text


def test_an_earlier_wording_is_not_the_present_one() -> None:
    """A session under other words says nothing about these."""
    known, _ = look(Catalogue(), file(OLD))
    texts = KnownTexts.of(known.rules.values(), "bullet")
    earlier = OLD.replace("commit anything", "push")
    assert len(texts.said_in(OLD, Family.CLAUDE, "project:/p")) == 2
    assert len(texts.said_in(earlier, Family.CLAUDE, "project:/p")) == 1
    assert not texts.said_in(OLD, Family.CLAUDE, "user")


def test_matching_is_one_to_one() -> None:
    """Equal words first; each old rule is somebody's once."""
    assert matched(
        ["run tests before each push", "x"], ["run the tests before each push", "run tests before each push"]
    ) == {1: 0}


@pytest.mark.parametrize(
    ("old", "new", "flipped"),
    [
        ("Always use bun", "Never use bun", True),
        ("Do commit", "Don't commit", True),
        ("Always use bun, never npm", "Never use bun, always npm", True),
        ("Use bun", "Always use bun", False),
        ("Never push to main", "You must never push to main", False),
    ],
)
def test_flipped_negations(old: str, new: str, flipped: bool) -> None:
    """Words that say the opposite are told from words that say the same."""
    assert is_flipped(normalised(old), normalised(new)) is flipped
