"""The partition that Iggy's own clients choose for a key, so that many keys can travel in one request.

The SDK hashes the key with XXH32 (seed 0) and takes the remainder by the partitions; its answer and ours are compared in the tests.
"""

from hashlib import blake2b

import xxhash

LONGEST_KEY = 255


def routing_key(key: str) -> bytes:
    """The key as Iggy takes it (1 to 255 bytes); a longer or an empty one by its digest."""
    raw = key.encode()
    return raw if 0 < len(raw) <= LONGEST_KEY else blake2b(raw, digest_size=16).hexdigest().encode()


def partition_of(key: bytes, partitions: int) -> int:
    return xxhash.xxh32_intdigest(key) % partitions
