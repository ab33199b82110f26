"""Which session a message tells of."""

import json

import pytest

from worker.formats.session_of import tells_of


@pytest.mark.parametrize(
    "payload",
    [
        b'{"session_id": "s-1"}',
        b'{"context": {"session_id": "s-1"}, "message_idx": 3}',
        b'{"session_id": "s-1", "outcome',
        b'\xff{"session_id": "s-1"}',
        b'["s-1"]',
        b'{"session": "s-1"}',
    ],
)
def test_its_own(payload: bytes) -> None:
    """An event in either form; and what cannot be read, or names no session as its own, but has the id in quotes."""
    assert tells_of(payload, {"other", "s-1"})


@pytest.mark.parametrize(
    "payload",
    [
        b'{"session_id": "s-12"}',
        b'{"session_id": "s-2", "transcript": "\\"s-1\\" and \'s-1\'", "x": "s-1"}',
        b"s-1",
        b"",
    ],
)
def test_another_ones(payload: bytes) -> None:
    """Another session may quote the id as often as it likes."""
    assert not tells_of(payload, {"s-1"})


@pytest.mark.parametrize("id_", ["a/b", 'a"b', "a\\b", "Grüße 🙂"])
def test_an_id_that_json_may_write_in_several_ways(id_: str) -> None:
    """It is found however its producer escapes."""
    for written in (json.dumps(id_), json.dumps(id_, ensure_ascii=False), json.dumps(id_).replace("/", "\\/")):
        assert tells_of(f'{{"session_id": {written}}}'.encode(), {id_})
    assert not tells_of(b'{"session_id": "a"}', {id_})
