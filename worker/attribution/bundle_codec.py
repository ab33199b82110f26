"""A JSON text and named arrays <-> one compressed piece of bytes: no pickle, nothing executable, read without copying the arrays.

    "groove-bundle-5" | zstandard( length of index, index, text, array, array … )

The index is JSON: the text's length, and per array its name, type and shape, in the order in which their bytes follow.
"""

import json
import math
import struct
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from worker.errors import BundleGone

_MAGIC = b"groove-bundle-5\n"
_LENGTH = struct.Struct("<Q")
_LEVEL = 1
_TYPES = frozenset({"<f4", "<i4"})
#: no honest bundle is larger once unpacked; a broken length must not take the worker's memory
_MAX_BYTES = 2 << 30

Arrays = dict[str, NDArray[Any]]


def pack(text: bytes, arrays: Arrays) -> bytes:
    index = json.dumps(
        {"text": len(text), "arrays": [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]}
    ).encode()
    bodies = [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    content = b"".join([_LENGTH.pack(len(index)), index, text, *bodies])
    return _MAGIC + zstandard.ZstdCompressor(level=_LEVEL).compress(content)


def unpack(data: bytes) -> tuple[bytes, Arrays]:
    """Raises `BundleGone` when the bytes are damaged or of another version: making the bundle anew cures both."""
    if not data.startswith(_MAGIC):
        raise BundleGone("the session's bundle was written by another version")
    frame = data[len(_MAGIC) :]
    try:
        # where a frame names its size, zstandard makes room for that, whatever else it is told
        if zstandard.frame_content_size(frame) > _MAX_BYTES:
            raise ValueError(f"it would unpack to more than {_MAX_BYTES} bytes")
        content = memoryview(zstandard.ZstdDecompressor().decompress(frame, max_output_size=_MAX_BYTES))
        return _parts(content)
    except (zstandard.ZstdError, struct.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleGone(f"the session's bundle is damaged: {error}") from error


def _parts(content: memoryview) -> tuple[bytes, Arrays]:
    (index_length,) = _LENGTH.unpack_from(content)
    place = _LENGTH.size + index_length
    index = json.loads(bytes(content[_LENGTH.size : place]))
    text = bytes(content[place : place + index["text"]])
    place += index["text"]
    arrays: Arrays = {}
    for name, type_name, shape in index["arrays"]:
        if type_name not in _TYPES:
            raise ValueError(f"array {name!r} has type {type_name!r}")
        dtype, count = np.dtype(type_name), math.prod(shape)
        arrays[name] = np.frombuffer(content, dtype=dtype, count=count, offset=place).reshape(shape)
        place += dtype.itemsize * count
    return text, arrays
