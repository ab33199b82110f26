"""The hybrid detector: meaning, wording and named code, together one calibrated probability per message; or the plain cosine."""

import numpy as np
from numpy.typing import NDArray

from worker.bundle import SessionBundle
from worker.domain import Activation, ActivationSignal, EmbeddingSimilarity, ExplicitReference, Learning
from worker.errors import LearningFailed
from worker.evidence import SessionEvidence
from worker.layers.activation.features import TextFeatures, text_features
from worker.layers.activation.references import find_references
from worker.parameters import ActivationParameters

#: signals and near misses that are kept, best first
_MOST = 10
_SPAN = 300


class HybridDetector:
    def __init__(self, parameters: ActivationParameters | None = None) -> None:
        self._parameters = parameters or ActivationParameters()

    def detect(self, learning_id: str, session: SessionBundle) -> Activation:
        learning = session.learnings.get(learning_id)
        if learning is None or learning_id not in session.evidence.learning_ids:
            raise LearningFailed(f"learning {learning_id!r} is not known to the prepared session")
        if not len(session.evidence.chunk_rows):
            return Activation(confidence=0.0, was_activated=False, calibration=self._version(session.evidence))
        return self._judge(learning, session.evidence)

    def _version(self, evidence: SessionEvidence) -> str:
        return "raw" if self._parameters.calibration == "raw" else evidence.calibration.version

    def _judge(self, learning: Learning, evidence: SessionEvidence) -> Activation:
        features = text_features(learning, evidence)
        references = find_references(learning.insight, evidence)
        if self._parameters.calibration == "raw":
            similarities = _best_chunks(features.cosine, features.cosine, evidence)
            boost = self._parameters.reference_boost if references else 0.0
            confidence = min(1.0, round(max(0.0, similarities[0].score) + boost, 6))
            named = {"cosine": similarities[0].score, "reference": float(bool(references))}
        else:
            similarities, named = _calibrated(features, evidence)
            confidence = similarities[0].score
        return self._answer(evidence, confidence, similarities, references, named)

    def _answer(
        self,
        evidence: SessionEvidence,
        confidence: float,
        similarities: list[EmbeddingSimilarity],
        references: tuple[ExplicitReference, ...],
        features: dict[str, float],
    ) -> Activation:
        """Points are the messages of what counted; everything else down to the floor is a candidate."""
        threshold = self._parameters.similarity_threshold
        was_activated = confidence >= threshold
        strong = [similarity for similarity in similarities if similarity.score >= threshold]
        weak = [s for s in similarities if self._parameters.candidate_floor <= s.score < threshold]
        counted: tuple[ActivationSignal, ...] = (*strong, *references) if was_activated else ()
        candidates: tuple[ActivationSignal, ...] = tuple(weak) if was_activated else (*weak, *references)
        return Activation(
            confidence=confidence,
            was_activated=was_activated,
            signals=counted[: 2 * _MOST],
            candidates=candidates[:_MOST],
            points=tuple(sorted({signal.message_idx for signal in counted})),
            features=features,
            calibration=self._version(evidence),
        )


def _calibrated(
    features: TextFeatures, evidence: SessionEvidence
) -> tuple[list[EmbeddingSimilarity], dict[str, float]]:
    """Each message's probability from the best meaning and the best wording of its chunks."""
    messages = np.unique(evidence.chunk_messages)
    meaning = _best_per_message(features.meaning, messages, evidence)
    wording = _best_per_message(features.wording, messages, evidence)
    named = [
        {"meaning": m, "wording": w, "missing": features.missing}
        for m, w in zip(meaning.tolist(), wording.tolist(), strict=True)
    ]
    scores = [evidence.calibration.probability(each) for each in named]
    order = sorted(range(len(messages)), key=lambda place: (-scores[place], place))
    strength = features.meaning + features.wording
    quotes = _quotes(strength, evidence)
    best = [
        EmbeddingSimilarity(score=scores[p], message_idx=int(messages[p]), span=quotes[int(messages[p])]) for p in order
    ]
    return best, named[order[0]]


def _best_per_message(
    values: NDArray[np.float64], messages: NDArray[np.int32], evidence: SessionEvidence
) -> NDArray[np.float64]:
    best = np.full(len(messages), -np.inf)
    np.maximum.at(best, np.searchsorted(messages, evidence.chunk_messages), values[evidence.chunk_rows])
    return best


def _quotes(strength: NDArray[np.float64], evidence: SessionEvidence) -> dict[int, str]:
    """Per message the chunk that says most; the first of equals."""
    best: dict[int, tuple[float, int]] = {}
    for message_idx, row in zip(evidence.chunk_messages.tolist(), evidence.chunk_rows.tolist(), strict=True):
        if message_idx not in best or strength[row] > best[message_idx][0]:
            best[message_idx] = (float(strength[row]), row)
    return {message_idx: evidence.texts[row][:_SPAN] for message_idx, (_, row) in best.items()}


def _best_chunks(
    scores: NDArray[np.float64], strength: NDArray[np.float64], evidence: SessionEvidence
) -> list[EmbeddingSimilarity]:
    """Each message's best chunk, best message first."""
    messages = np.unique(evidence.chunk_messages)
    best = _best_per_message(scores, messages, evidence)
    quotes = _quotes(strength, evidence)
    order = sorted(range(len(messages)), key=lambda place: (-best[place], place))
    return [
        EmbeddingSimilarity(
            score=float(best[place]), message_idx=int(messages[place]), span=quotes[int(messages[place])]
        )
        for place in order
    ]
