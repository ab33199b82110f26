"""How near texts and learnings come to each other, from vectors that can be checked by hand."""

import numpy as np
import pytest

from worker.layers.activation import nearness as module
from worker.layers.activation.nearness import Nearness

TEXTS = ("make lint", "unrelated", "Always run the linter before committing")
INSIGHTS = ("Always run the linter before committing", "Write tests")
NORTH, EAST = [1.0, 0.0], [0.0, 1.0]
BETWEEN = [0.6, 0.8]


def half(*rows: list[float]) -> np.ndarray[tuple[int, int], np.dtype[np.float16]]:
    return np.array(rows, dtype=np.float16)


def nearness(texts: tuple[str, ...] = TEXTS, insights: tuple[str, ...] = INSIGHTS) -> Nearness:
    """The first learning asks in two ways, the second in one."""
    return Nearness.of(
        texts,
        half(NORTH, EAST, BETWEEN)[: len(texts)],
        np.array([0.5, 0.0, 0.25], dtype=np.float32)[: len(texts)],
        insights,
        insight_vectors=half(NORTH, EAST)[: len(insights)],
        action_vectors=half(NORTH, EAST, EAST),
        action_starts=[0, 2, 3][: len(insights) + 1],
    )


def test_cosines_with_the_learning_as_it_stands() -> None:
    """0.6 and 0.8 are rounded to half precision before."""
    north, east = np.float16(0.6), np.float16(0.8)
    expected = [[1, 0, north], [0, 1, east]]
    np.testing.assert_array_equal(nearness().cosine, np.rint(np.array(expected, dtype=np.float64) * 1e6))


def test_meaning_is_the_nearest_way_less_what_is_near_to_any_rule() -> None:
    """0.8 of the background is taken off; a copy of the learning is no use of it, the other learning's text is."""
    east = float(np.float16(0.8))
    expected = [[1 - 0.4, 1, -1], [0 - 0.4, 1, east - 0.2]]
    np.testing.assert_allclose(nearness().meaning / 1e6, expected, rtol=0, atol=1e-6)


def test_the_wording_of_a_copy_counts_nothing() -> None:
    wording = nearness().wording
    assert wording[0, 2] == 0
    assert 0 < wording[0, 0] < 400_000


def test_a_learning_at_a_time_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where there are more than the memory is to hold at once."""
    together = nearness()
    monkeypatch.setattr(module, "_CELLS", 1)
    np.testing.assert_array_equal(nearness().meaning, together.meaning)
    np.testing.assert_array_equal(nearness().cosine, together.cosine)


def test_without_texts_or_learnings_the_tables_are_empty() -> None:
    """They keep their form, so that a part of them can be taken."""
    for of, shape in ((nearness(texts=()), (2, 0)), (nearness(insights=()), (0, 3))):
        assert (of.cosine.shape, of.meaning.shape, of.wording.shape) == (shape, shape, shape)
