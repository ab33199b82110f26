"""The seam to the model: it turns texts into vectors."""

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
