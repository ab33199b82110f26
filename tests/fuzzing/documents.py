"""Documents that are nearly right: most of what a stranger sends is one of ours with something strange in it."""

import json
from typing import Any

from hypothesis import strategies as st

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Mn"]), max_size=10),
    st.sampled_from(["", " ", "\ud83d", "\x00", "\u202e", "a" * 300, "é" * 128, "null", "-", "../x", "%2F", "=1+1"]),
    st.sampled_from(
        ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-02-30T00:00:00Z", "2026-01-20T20:14:07Z"]
    ),
    st.from_regex(r"\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})\Z"),
)
NUMBERS = st.one_of(
    st.integers(-10, 10),
    st.integers(),
    st.sampled_from([2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400]),
    st.floats(),
    st.sampled_from([1e308, 5e-324, -0.0]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=10
)


@st.composite
def deep(draw: st.DrawFn) -> Any:
    """Nested as far as Python can still write it."""
    value: Any = draw(LEAVES)
    opening = draw(st.sampled_from(["list", "object"]))
    for _ in range(draw(st.integers(1, 400))):
        value = [value] if opening == "list" else {"a": value}
    return value


@st.composite
def nearly(draw: st.DrawFn, good: Any) -> Any:
    """The good document with up to three of its parts left out, doubled or put in another's place."""
    document = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(0, 3))):
        holder, key = draw(st.sampled_from(_places(document)))
        if draw(st.booleans()):
            holder[key] = draw(st.one_of(VALUES, deep()))
        elif isinstance(holder, dict):
            del holder[key]
        else:
            holder.append(holder[key])
        if not _places(document):
            break
    return document


@st.composite
def as_bytes(draw: st.DrawFn, documents: st.SearchStrategy[Any]) -> bytes:
    """As JSON, sometimes damaged, sometimes no JSON at all."""
    how = draw(st.integers(0, 9))
    if how == 0:
        return draw(st.binary(max_size=200))
    text = json.dumps(draw(documents), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if how > 2:
        return text
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.binary(max_size=8)) + text[place + draw(st.integers(0, 8)) :]


def _places(document: Any) -> list[tuple[Any, Any]]:
    """(holder, key) of everything in it."""
    found, rest = [], [document]
    while rest:
        holder = rest.pop()
        inner = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, value in inner:
            found.append((holder, key))
            rest.append(value)
    return found
