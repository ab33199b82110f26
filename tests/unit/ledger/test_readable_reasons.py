"""Reasons as both databases can store them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.ledger.blob import pack, unpack
from worker.ledger.sessions import MAX_REASON, readable


@pytest.mark.parametrize(
    ("reason", "kept"),
    [("plain", "plain"), ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"), ("\ud800", "?"), ("שלום 🎉", "שלום 🎉")],
)
def test_what_a_database_refuses_is_replaced(reason: str, kept: str) -> None:
    """NUL and lone surrogates go, everything else stays."""
    assert readable(reason) == kept


@given(st.text(max_size=3 * MAX_REASON))
def test_any_text_can_be_stored(reason: str) -> None:
    """Encodable, without NUL, and bounded."""
    kept = readable(reason)
    assert kept.encode() is not None
    assert "\x00" not in kept
    assert len(kept) <= MAX_REASON


@given(st.binary(max_size=10_000))
def test_payloads_come_back(payload: bytes) -> None:
    """Byte for byte, the empty one too."""
    assert unpack(pack(payload)) == payload
