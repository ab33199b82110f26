"""The seams to the models: one turns texts into vectors, one (optional) reads two texts together."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from worker.embedder.precision import Precision

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    @property
    def model(self) -> str:
        """Name and version of the model: records made with another one are not comparable digit for digit."""
        ...

    @property
    def precision(self) -> Precision:
        """Number format it computes in: "float32", "bfloat16" or "float16"."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 per text, in the order given: float32 [len(texts), dimension].

        Rows depend on the *set* of texts only (it decides the batches), not on their order or number of copies, nor on earlier calls.
        """
        ...


class PairReader(Protocol):
    @property
    def model(self) -> str:
        """Name and version, as an embedder's."""
        ...

    def read(self, learning: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """How well each text goes with the learning, in log odds: float64 [len(texts)]. `texts` must not be empty."""
        ...
