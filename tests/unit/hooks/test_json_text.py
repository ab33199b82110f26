"""Entries put into a JSON text and taken out again leave all else as it was, byte for byte."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessor.hooks.json_text import appended, read, without
from worker.errors import InvalidFile

OURS = {"matcher": "startup", "hooks": [{"type": "command", "command": "ours"}]}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "model": VALUES,
        "hooks": st.fixed_dictionaries(
            {}, optional={"Stop": st.lists(VALUES, max_size=2), "Start": st.lists(VALUES, min_size=1, max_size=3)}
        ),
        "env {": VALUES,
    },
)


def is_ours(value: object) -> bool:
    return value == OURS


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(SETTINGS, st.sampled_from([None, 2, 4, "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_in_and_out(mine: dict[str, Any], indent: int | str | None, newline: str, ends: bool) -> None:
    """Whatever the settings, their indentation and line ends: one element more, and afterwards the same bytes."""
    text = json.dumps(mine, indent=indent, ensure_ascii=False).replace("\n", newline) + (newline if ends else "")
    changed = appended(text, ["hooks", "Start"], OURS)
    expected = json.loads(text)
    expected.setdefault("hooks", {}).setdefault("Start", []).append(OURS)
    assert read(changed) == expected
    assert list(read(changed)) == list(expected)
    assert changed.count("\r\n") == changed.count("\n") or "\r\n" not in text
    back = without(changed, ["hooks", "Start"], is_ours)
    if mine.get("hooks"):
        assert back == text
    assert {name: value for name, value in read(back).items() if name != "hooks" or value} == {
        name: value for name, value in mine.items() if name != "hooks" or value
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("// mine\n{}", "not JSON"),
        ('{"a": 1, /* x */ "b": 2}', "not JSON"),
        ('{"a": 1,}', "not JSON"),
        ('{"a": 1, "a": 2}', "named twice"),
        ("[]", "not a JSON object"),
        ("\ufeff{}", "not JSON"),
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
    ids=["comment", "comment-inside", "comma", "twice", "array", "mark", "empty", "deep"],
)
def test_what_is_no_plain_json_is_refused(text: str, why: str) -> None:
    """Comments above all, which settings files often have."""
    with pytest.raises(InvalidFile, match=why):
        read(text)


@pytest.mark.parametrize("text", ['{"hooks": []}', '{"hooks": {"Start": {}}}'])
def test_something_else_in_its_place_is_refused(text: str) -> None:
    """Nobody's value is replaced."""
    with pytest.raises(InvalidFile, match="is no"):
        appended(text, ["hooks", "Start"], OURS)
