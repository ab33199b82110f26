"""Which texts go through the model together: those of like length, so that little is padded, and few enough to stay in the cache."""

from collections.abc import Iterator, Sequence

import numpy as np

#: a pass costs by itself what this part of its most tokens costs: with 512 as the most, as much as 64 tokens
_PRICE_PART = 8


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places in `lengths` (tokens), longest first, of at most `most` tokens a batch, padding included; a longer text goes alone.

    Of all ways to cut the row of texts it is the one with the fewest tokens, padding and the price of each pass included. Equal lengths
    keep their order.
    """
    places = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    begin = 0
    for end in _cuts([lengths[place] for place in places], most):
        yield places[begin:end]
        begin = end


def _cuts(row: list[int], most: int) -> Iterator[int]:
    """Where each batch of a row that does not ascend ends: from the last text backwards, what is cheapest from each one on."""
    cheapest, ends = np.zeros(len(row) + 1, dtype=np.int64), [0] * len(row)
    counts = np.arange(1, len(row) + 1)
    for begin in reversed(range(len(row))):
        longest = max(1, row[begin])
        size = min(max(1, most // longest), len(row) - begin)
        costs = longest * counts[:size] + cheapest[begin + 1 : begin + 1 + size]
        # of equals the last, which makes the fewest passes
        best = size - int(np.argmin(costs[::-1]))
        cheapest[begin] = costs[best - 1] + most // _PRICE_PART
        ends[begin] = begin + best
    end = 0
    while end < len(row):
        end = ends[end]
        yield end
