"""Drafts of what the store keeps in memory."""

from collections import ChainMap

from hypothesis import given
from hypothesis import strategies as st

from worker.store.cozo.overlay import Overlay

KEYS = st.integers(min_value=0, max_value=5)


@given(beneath=st.dictionaries(KEYS, st.integers()), changes=st.lists(st.tuples(KEYS, st.integers())))
def test_it_reads_as_a_chain_map_does(beneath: dict[int, int], changes: list[tuple[int, int]]) -> None:
    """Each way of reading, in the same order; what lies beneath is never changed."""
    as_it_was, overlay, chain = dict(beneath), Overlay(beneath), ChainMap({}, beneath)
    for key, value in changes:
        overlay[key] = chain[key] = value
    assert list(overlay.items()) == list(chain.items())
    assert (len(overlay), overlay.changes) == (len(chain), chain.maps[0])
    for key in range(6):
        assert (overlay.get(key), overlay.get(key, -1), key in overlay) == (
            chain.get(key),
            chain.get(key, -1),
            key in chain,
        )
    assert beneath == as_it_was
