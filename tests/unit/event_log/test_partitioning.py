"""Which partition a key belongs to."""

import pytest

from worker.event_log import iggy_partitioning, partitioning


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", 0x02CC5D05),
        (b"a", 0x550D7456),
        (b"abc", 0x32D153FF),
        (b"Nobody inspects the spammish repetition", 0xE2293B2F),
    ],
)
def test_iggy_keys_are_hashed_with_xxh32(data: bytes, digest: int) -> None:
    """The remainders of the published digests, so that a key stays where Iggy's own clients put it."""
    assert iggy_partitioning.partition_of(data, 1009) == digest % 1009


def test_keys_that_iggy_does_not_take_are_digested() -> None:
    """An empty key and one over 255 bytes become short, distinct and always the same."""
    long = "ü" * 200
    keys = [iggy_partitioning.routing_key(key) for key in ("", long, long + "x", "session-1")]
    assert [0 < len(key) <= 255 for key in keys] == [True] * 4
    assert len(set(keys)) == 4
    assert keys[3] == b"session-1"


def test_keys_are_spread_evenly() -> None:
    """A thousand sessions over six partitions leave none with less than half or more than twice its share."""
    for choose in (partitioning.partition_of, lambda key, n: iggy_partitioning.partition_of(key.encode(), n)):
        counts = [0] * 6
        for number in range(1000):
            counts[choose(f"session-{number}", 6)] += 1
        assert min(counts) > 1000 / 12
        assert max(counts) < 1000 / 3


def test_a_key_keeps_its_partition_over_releases() -> None:
    """These are written down: a release that changed them would split a session's messages."""
    assert [partitioning.partition_of(f"session-{number}", 6) for number in range(8)] == [3, 0, 1, 2, 2, 3, 2, 4]
