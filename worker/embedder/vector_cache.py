"""Vectors of learnings' texts, which come back in every session: bounded, least recently used go first.

Each text is embedded on its own, so that its vector does not depend on what happened to stand beside it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

import numpy as np

from worker.embedder.protocol import Embedder, Vectors


class VectorCache:
    def __init__(self, embedder: Embedder, *, capacity: int = 20_000) -> None:
        """`capacity` in texts; one of 384 dimensions takes about 1.7 kB."""
        self._embedder = embedder
        self._capacity = capacity
        self._vectors: OrderedDict[tuple[str, str, str], Vectors] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row per text, in the order given. `texts` must not be empty."""
        return np.stack([self._one(text) for text in texts])

    def _one(self, text: str) -> Vectors:
        key = (self._embedder.model, self._embedder.precision, text)
        with self._lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector: Vectors = self._embedder.embed([text])[0]
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)
        return vector
