"""Ids as they are shown on a terminal."""

from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from fixtures.store import learning
from hypothesis import given
from hypothesis import strategies as st

from worker.cli import groove
from worker.errors import NotFound
from worker.operations.connections import open_store
from worker.operations.ids import beginnings, full_ids, meant
from worker.settings import load_settings


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


def test_a_misspelt_id_or_command_names_the_near_one(tmp_path: Path) -> None:
    """One that is nothing like any other names none."""
    settings = load_settings({"GROOVE_DATA_DIR": str(tmp_path)})
    with open_store(settings) as store:
        store.import_learnings([learning("use-rg"), learning("prefer-fd")], actor="test")
        with pytest.raises(NotFound, match=r"use-gr: no such learning: did you mean use-rg\?"):
            full_ids(store, ["prefer-fd", "use-gr"])
        with pytest.raises(NotFound, match=r"no such learning$"):
            full_ids(store, ["0123"])
    result = CliRunner().invoke(groove, ["valeus"])
    assert result.exit_code == 2
    assert "No such command 'valeus'. Did you mean 'values'?" in result.output
