"""The partition that Iggy's own clients choose for a key, so that many keys can travel in one request.

The SDK hashes the key with XXH32 (seed 0) and takes the remainder by the partitions; its answer and ours are compared in the tests.
"""

from hashlib import blake2b

_PRIMES = (2654435761, 2246822519, 3266489917, 668265263, 374761393)
_BITS = 0xFFFFFFFF
LONGEST_KEY = 255


def routing_key(key: str) -> bytes:
    """The key as Iggy takes it (1 to 255 bytes); a longer or an empty one by its digest."""
    raw = key.encode()
    return raw if 0 < len(raw) <= LONGEST_KEY else blake2b(raw, digest_size=16).hexdigest().encode()


def partition_of(key: bytes, partitions: int) -> int:
    return xxh32(key) % partitions


def xxh32(data: bytes) -> int:
    """XXH32 with seed 0 (xxHash specification 0.1.1, *XXH32 algorithm description*)."""
    first, second, third, fourth, fifth = _PRIMES
    lanes = [(first + second) & _BITS, second, 0, -first & _BITS]
    striped = len(data) - len(data) % 16
    for at in range(0, striped, 4):
        lane = at // 4 % 4
        lanes[lane] = _round(lanes[lane], int.from_bytes(data[at : at + 4], "little"))
    total = sum(_rotated(value, by) for value, by in zip(lanes, (1, 7, 12, 18), strict=True)) if striped else fifth
    total = (total + len(data)) & _BITS
    worded = len(data) - len(data) % 4
    for at in range(striped, worded, 4):
        word = int.from_bytes(data[at : at + 4], "little")
        total = _rotated((total + word * third) & _BITS, 17) * fourth & _BITS
    for byte in data[worded:]:
        total = _rotated((total + byte * fifth) & _BITS, 11) * first & _BITS
    return _avalanche(total)


def _round(lane: int, word: int) -> int:
    return _rotated((lane + word * _PRIMES[1]) & _BITS, 13) * _PRIMES[0] & _BITS


def _rotated(value: int, by: int) -> int:
    return (value << by | value >> 32 - by) & _BITS


def _avalanche(value: int) -> int:
    value = (value ^ value >> 15) * _PRIMES[1] & _BITS
    value = (value ^ value >> 13) * _PRIMES[2] & _BITS
    return value ^ value >> 16
