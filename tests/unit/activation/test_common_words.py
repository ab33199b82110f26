"""How rare a phrase is, by the sessions that hold its words."""

import pytest

from worker.layers.activation.common_words import CommonWords, words_of

WORDS = CommonWords(sessions=3, held_by={"run": 3, "tests": 1})


def test_words_are_counted_once_a_session() -> None:
    """In at least two sessions and a tenth of them; how often within one makes no difference."""
    counted = CommonWords.count([["Run it, run it"], ["run tests"], ["nothing", "run"]])
    assert counted == CommonWords(sessions=3, held_by={"run": 3})
    assert CommonWords.count([["a b"]] * 2 + [["c"]] * 18).held_by == {"a": 2, "b": 2, "c": 18}
    assert CommonWords.count([["a b"]] * 2 + [["c"]] * 19).held_by == {"c": 19}


@pytest.mark.parametrize(("phrase", "rarity"), [("run", 0.0), ("RUN tests", 0.5), ("run it", 1.0), ("--", 1.0)])
def test_a_phrase_is_as_rare_as_its_rarest_word(phrase: str, rarity: float) -> None:
    """1 − ln(1 + held) / ln(1 + sessions): worked by hand, 1 − ln 2 / ln 4 for a word in one of three sessions."""
    assert WORDS.rarity(phrase) == pytest.approx(rarity)


def test_only_what_is_asked_about_travels() -> None:
    """The rarity of the texts' own phrases stays as it is."""
    assert WORDS.of(["run `make`"]) == CommonWords(sessions=3, held_by={"run": 3})
    assert words_of("a.b-c `D`") == ["a", "b", "c", "d"]


def test_written_down_and_read_again() -> None:
    """Grouped by count, most common first."""
    assert list(WORDS.to_json()["held_by"].items()) == [("3", "run"), ("1", "tests")]
    assert CommonWords.from_json(WORDS.to_json()) == WORDS
    assert CommonWords.from_json({}) == CommonWords()
