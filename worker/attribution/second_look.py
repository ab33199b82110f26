"""The optional second look: a cross-encoder reads the learning and the session's best texts together where the probability is in doubt.

It runs where the session is prepared; its scores travel with the evidence, so that attribution needs no model.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from worker.embedder.protocol import PairReader
from worker.layers.activation.evidence import SessionEvidence
from worker.layers.activation.features import LearningFeatures, SessionFeatures
from worker.settings.layers import ActivationParameters

#: texts of a session that are read with one learning
_TEXTS = 5
#: log odds; beyond, a score says nothing more
_LIMIT = 10.0


class SecondLook:
    def __init__(self, reader: PairReader, parameters: ActivationParameters) -> None:
        self._reader = reader
        self._threshold = parameters.similarity_threshold
        self._margin = parameters.second_look_margin

    @property
    def model(self) -> str:
        return self._reader.model

    def scores(self, insights: Mapping[str, str], evidence: SessionEvidence) -> NDArray[np.float32]:
        """Per learning of the evidence the best text's score; nan where the first look was sure enough."""
        if not (evidence.chunks.texts and evidence.learning_ids):
            return np.full(len(evidence.learning_ids), np.nan, dtype=np.float32)
        features = SessionFeatures(insights, evidence)
        scores = [self._score(insights[id_], features.of(id_), evidence) for id_ in evidence.learning_ids]
        return np.array(scores, dtype=np.float32)

    def _score(self, insight: str, features: LearningFeatures, evidence: SessionEvidence) -> float:
        first = evidence.calibration.probability(features.session())
        if abs(first - self._threshold) > self._margin:
            return float("nan")
        read = self._reader.read(insight, _best_texts(features, evidence))
        return round(float(np.clip(read.max(), -_LIMIT, _LIMIT)), 4)


def _best_texts(features: LearningFeatures, evidence: SessionEvidence) -> list[str]:
    alone = evidence.calibration.probabilities(features.per_text())
    return [evidence.chunks.texts[row] for row in np.argsort(-alone, kind="stable")[:_TEXTS].tolist()]
