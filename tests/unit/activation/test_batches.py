"""Which texts go through the model together."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from worker.embedder.batches import batches


@given(st.lists(st.integers(0, 300)), st.integers(1, 2000))
def test_every_text_once_and_no_batch_above_the_limit(lengths: list[int], most: int) -> None:
    """Longest first; a text above the limit goes alone."""
    found = list(batches(lengths, most))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    in_order = [lengths[place] for batch in found for place in batch]
    assert in_order == sorted(lengths, reverse=True)
    for batch in found:
        assert len(batch) == 1 or max(1, lengths[batch[0]]) * len(batch) <= most


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 300))
def test_no_other_cuts_would_be_cheaper(lengths: list[int], most: int) -> None:
    """Of all ways to cut the row: tokens with their padding, and an eighth of the limit for each pass."""
    row = sorted(lengths, reverse=True)

    def cost(sizes: list[int]) -> float:
        total, begin = 0.0, 0
        for size in sizes:
            fits = size == 1 or row[begin] * size <= most
            total += row[begin] * size + most // 8 if fits else float("inf")
            begin += size
        return total

    cheapest = min(
        cost([end - begin for begin, end in zip((0, *cuts), (*cuts, len(row)), strict=True)])
        for count in range(len(row))
        for cuts in combinations(range(1, len(row)), count)
    )
    assert cost([len(batch) for batch in batches(lengths, most)]) == cheapest


def test_like_lengths_go_together() -> None:
    """Where a pass more costs less than the padding that it saves, and only there."""
    assert [len(batch) for batch in batches([40, 10, 10, 10], 1000)] == [4]
    assert [len(batch) for batch in batches([200, 10, 10, 10], 1000)] == [1, 3]


def test_equal_lengths_keep_their_order() -> None:
    """So that batches depend on the texts alone."""
    assert list(batches([2, 3, 2, 3], 6)) == [[1, 3], [0, 2]]
