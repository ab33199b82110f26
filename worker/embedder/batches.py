"""Which texts go through the model together: those of like length, so that little is padded, and few enough to stay in the cache."""

from collections.abc import Iterator, Sequence


def batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Places in `lengths` (tokens), longest first, of at most `most` tokens a batch, padding included; a longer text goes alone.

    Equal lengths keep their order.
    """
    places = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    begin = 0
    while begin < len(places):
        size = max(1, most // max(1, lengths[places[begin]]))
        yield places[begin : begin + size]
        begin += size
