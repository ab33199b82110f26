"""The evidence that each chunk gives for one learning.

meaning   how much closer the chunk is to the learning's action than to other learnings: cosine − ½ · mean of the 3 nearest others
wording   cosine of character n-grams of the chunk and the learning's insight
missing   0 where the learning names no code or some of it was found; else how much of the learning that code stands for
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from worker.domain import Learning
from worker.evidence import SessionEvidence
from worker.layers.activation.wording import clauses_with, forms_of, named_code

#: other learnings this similar say the same and are no contrast
NEAR_COPY = 0.7
_NEAREST = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TextFeatures:
    """Per distinct text of the session."""

    #: plain cosine with the learning's insight
    cosine: Floats
    meaning: Floats
    wording: Floats
    #: one number for the whole session
    missing: float


def text_features(learning: Learning, evidence: SessionEvidence) -> TextFeatures:
    place = evidence.learning_ids.index(learning.learning_id)
    texts = evidence.text_vectors.astype(np.float64)
    insights = evidence.insight_vectors.astype(np.float64)
    action = np.round(texts @ evidence.action_vectors[place].astype(np.float64), 6)
    return TextFeatures(
        cosine=np.round(texts @ insights[place], 6),
        meaning=np.round(action - 0.5 * _nearest_others(texts, insights, place), 6),
        wording=evidence.ngrams.similarities(learning.insight),
        missing=_missing(learning.insight, evidence.texts),
    )


def _nearest_others(texts: Floats, insights: Floats, place: int) -> Floats:
    """Per text, the mean cosine with the learnings nearest to it that are not this one or nearly this one; 0 without any."""
    others = insights[insights @ insights[place] < NEAR_COPY]
    if not len(others):
        return np.zeros(len(texts))
    cosines = texts @ others.T
    nearest = np.sort(cosines, axis=1)[:, -_NEAREST:]
    mean: Floats = nearest.mean(axis=1)
    return mean


def _missing(insight: str, texts: tuple[str, ...]) -> float:
    spans = named_code(insight)
    if not spans:
        return 0.0
    everything = "\n".join(texts).lower()
    if any(form in everything for span in spans for form in forms_of(span)):
        return 0.0
    return 0.5 + 0.5 * clauses_with(insight, spans)
