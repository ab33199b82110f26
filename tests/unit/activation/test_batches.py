"""Which texts go through the model together."""

from hypothesis import given
from hypothesis import strategies as st

from worker.embedder.batches import batches


@given(st.lists(st.integers(0, 300)), st.integers(1, 2000))
def test_every_text_once_and_no_batch_above_the_limit(lengths: list[int], most: int) -> None:
    """Longest first; a text above the limit goes alone, and another would not have fitted into any batch but the last."""
    found = list(batches(lengths, most))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    in_order = [lengths[place] for batch in found for place in batch]
    assert in_order == sorted(lengths, reverse=True)
    for batch in found:
        longest = max(1, lengths[batch[0]])
        assert len(batch) == 1 or longest * len(batch) <= most
        assert batch is found[-1] or longest * (len(batch) + 1) > most


def test_equal_lengths_keep_their_order() -> None:
    """So that batches depend on the texts alone."""
    assert list(batches([2, 3, 2, 3], 6)) == [[1, 3], [0, 2]]
