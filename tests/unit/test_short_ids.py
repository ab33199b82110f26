"""Ids as they are shown on a terminal."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import NotFound
from worker.operations.ids import beginnings, meant


def test_ids_are_as_short_as_they_may_be() -> None:
    """What people made up stays readable, a UUID loses its tail, and what two have in common stays with one sign more."""
    ids = [
        "use-rg",
        str(UUID(int=1)),
        str(UUID(int=2**127)),
        "prefer-explicit-types-here",
        "prefer-explicit-types-there",
    ]
    assert list(beginnings(ids).values()) == [
        "00000000-0000",
        "80000000-0000",
        "prefer-explicit-types-h",
        "prefer-explicit-types-t",
        "use-rg",
    ]


@given(st.sets(st.text(alphabet="ab", max_size=20)))
def test_each_means_one_id(ids: set[str]) -> None:
    """A beginning is its id, or no other id begins with it."""
    for id_, short in beginnings(ids).items():
        assert id_.startswith(short)
        assert meant(short, sorted(ids)) == id_
        assert short == id_ or [other for other in ids if other.startswith(short)] == [id_]


def test_what_means_no_one_id_is_said() -> None:
    """An id itself is meant even where others begin with it."""
    known = ["use", "use-fd", "use-rg"]
    assert [meant(given, known) for given in ("use", "use-r")] == ["use", "use-rg"]
    with pytest.raises(NotFound, match="several learnings"):
        meant("use-", known)
    with pytest.raises(NotFound, match="no such learning"):
        meant("z", known)
