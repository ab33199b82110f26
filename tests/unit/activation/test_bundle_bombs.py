"""Bytes on the broker that claim to be a prepared session."""

import struct

import pytest
import zstandard

from worker.attribution.bundle_codec import _MAGIC, _MAX_BYTES, unpack
from worker.errors import BundleGone

_HEADER = b"\x28\xb5\x2f\xfd\xe0"


@pytest.mark.parametrize("claimed", [_MAX_BYTES + 1, 3 << 30, 1 << 62, (1 << 64) - 3])
def test_a_frame_that_claims_too_much_is_refused_unread(claimed: int) -> None:
    """No room is made for what a header only says."""
    with pytest.raises(BundleGone):
        unpack(_MAGIC + _HEADER + struct.pack("<Q", claimed) + b"\x01\0\0")


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 3, b"\xff" * 64, struct.pack("<I", 4) + b"null", struct.pack("<I", 2) + b"{}"]
)
def test_damaged_contents_are_refused(content: bytes) -> None:
    """Whatever stands in a frame, it is a bundle or `BundleGone`."""
    with pytest.raises(BundleGone):
        unpack(_MAGIC + zstandard.ZstdCompressor().compress(content))
