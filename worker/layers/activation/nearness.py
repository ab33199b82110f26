"""How near each text of a session comes to each learning: worked out where the session is prepared, so that no vector need travel.

  cosine    of the text with the learning as it stands
  meaning   the largest cosine with a way to do what the learning asks for, minus how near the text is to rules in general
  wording   cosine of character n-grams (`ngrams.py`)

A text that copies the learning is no use of it, whoever wrote it down: its meaning and wording count nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.layers.activation.contamination import copied_share
from worker.layers.activation.ngrams import ngram_similarities

#: share of the nearness to rules in general that is taken off
_BACKGROUND = 0.8
#: share of the learning's word triples in one text that makes it a copy; looked at where the wording is this near
_COPY = 0.5
_COPY_WORDING = 400_000
_NOTHING = -1_000_000
#: learnings times texts that are worked on at once: bounds the memory, whatever their numbers
_CELLS = 1_000_000

#: one row a learning, one column a text, in millionths
Table = NDArray[np.int32]
#: one row of length 1 per text; half precision, as in the sessions that calibrations were fitted to
Vectors = NDArray[np.float16]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Nearness:
    cosine: Table
    meaning: Table
    wording: Table

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        vectors: Vectors,
        background: NDArray[np.float32],
        insights: Sequence[str],
        insight_vectors: Vectors,
        action_vectors: Vectors,
        action_starts: Sequence[int],
    ) -> "Nearness":
        """`background`: per text, its mean cosine with the nearest rules of any project. Learning i's ways to do what it asks for are the
        rows `action_starts[i] : action_starts[i + 1]`.
        """
        if not (texts and insights):
            nothing = np.zeros((len(insights), len(texts)), dtype=np.int32)
            return cls(cosine=nothing, meaning=nothing, wording=nothing)
        meaning, cosine = (np.zeros((len(insights), len(texts)), dtype=np.int32) for _ in range(2))
        exact, together = vectors.astype(np.float64).T, max(1, _CELLS // len(texts))
        for begin in range(0, len(insights), together):
            rows = slice(begin, begin + together)
            starts = np.array(action_starts[begin : begin + together + 1])
            actions = action_vectors[starts[0] : starts[-1]].astype(np.float64) @ exact
            nearest = np.maximum.reduceat(actions, starts[:-1] - starts[0], axis=0)
            meaning[rows] = _millionths(nearest - _BACKGROUND * background)
            cosine[rows] = _millionths(insight_vectors[rows].astype(np.float64) @ exact)
        wording = ngram_similarities(texts, insights)
        copied = _copies(texts, insights, wording)
        return cls(
            cosine=cosine,
            meaning=np.where(copied, np.int32(_NOTHING), meaning),
            wording=np.where(copied, np.int32(0), wording),
        )


def _copies(texts: Sequence[str], insights: Sequence[str], wording: Table) -> NDArray[np.bool_]:
    copied = np.zeros(wording.shape, dtype=bool)
    for place, row in np.argwhere(wording >= _COPY_WORDING).tolist():
        copied[place, row] = copied_share(insights[place], texts[row]) >= _COPY
    return copied


def _millionths(numbers: NDArray[np.float64]) -> Table:
    return np.rint(numbers * 1e6).astype(np.int32)
