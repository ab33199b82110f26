"""Whether a learning is withheld from a session: a hash decides, so that injector and workers agree and nothing is re-rolled."""

import hashlib


def uniform(*, salt: str, learning_id: str, session_id: str) -> float:
    """The pair's own number in [0, 1); statistics.md 2."""
    digest = hashlib.sha256(f"{salt}|{learning_id}|{session_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def is_withheld(*, salt: str, learning_id: str, session_id: str, probability: float) -> bool:
    """True in `probability` of all sessions. Raises ValueError for a probability outside [0, 1]."""
    if not 0 <= probability <= 1:
        raise ValueError(f"a withhold probability lies in [0, 1], not {probability!r}")
    return uniform(salt=salt, learning_id=learning_id, session_id=session_id) < round(probability, 6)
