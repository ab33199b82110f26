"""The hybrid detector: meaning, wording and named code together, as one calibrated probability; or the plain cosine ("raw")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from worker.domain import Activation, ActivationSignal, EmbeddingSimilarity, ExplicitReference
from worker.errors import LearningFailed
from worker.layers.activation.evidence import SessionEvidence
from worker.layers.activation.features import LearningFeatures, SessionFeatures
from worker.layers.activation.references import find_references
from worker.layers.activation.searchable_text import searchable_text
from worker.layers.activation.traces import leaves_a_trace
from worker.settings.layers import ActivationParameters

#: signals of each kind, and near misses, that are kept
_MOST = 10
_SPAN = 300

Floats = NDArray[np.float64]


class HybridDetector:
    """Confidence: the calibrated probability of the session's best evidence, references and the second look (where there was one)
    included; raw: the best chunk's cosine, plus `reference_boost` if there is an explicit reference.

    A similarity's score: the probability of its message alone, scaled so that the best message has the session's; raw: its cosine.
    """

    def __init__(self, parameters: ActivationParameters | None = None) -> None:
        self._parameters = parameters or ActivationParameters()
        self._latest: SessionFeatures | None = None

    def detect(self, learning_id: str, insights: Mapping[str, str], evidence: SessionEvidence) -> Activation:
        if learning_id not in insights or learning_id not in evidence.learning_ids:
            raise LearningFailed(f"learning {learning_id!r} is not known to the prepared session")
        if not evidence.chunks.texts:
            nothing = Activation(confidence=0.0, was_activated=False, calibration=self._version(evidence))
            return replace(nothing, leaves_trace=leaves_a_trace(insights[learning_id]))
        features = self._features(insights, evidence).of(learning_id)
        references = find_references(features, searchable_text(evidence.chunks))
        if self._parameters.calibration == "raw":
            found = self._raw(learning_id, references, evidence)
        else:
            found = self._calibrated(learning_id, features, references, evidence)
        return replace(found, leaves_trace=leaves_a_trace(insights[learning_id]))

    def _features(self, insights: Mapping[str, str], evidence: SessionEvidence) -> SessionFeatures:
        """Worked out at the first of the evidence's learnings, for all of them."""
        latest = self._latest
        if latest is None or latest.evidence is not evidence:
            self._latest = latest = SessionFeatures(insights, evidence)
        return latest

    def _raw(
        self, learning_id: str, references: tuple[ExplicitReference, ...], evidence: SessionEvidence
    ) -> Activation:
        cosine = evidence.cosine[evidence.learning_ids.index(learning_id)] / 1e6
        similarities = self._ranked(cosine, cosine, evidence)
        boost = self._parameters.reference_boost if references else 0.0
        best = float(cosine.max())
        confidence = min(1.0, round(max(0.0, best) + boost, 6))
        named = {"cosine": best, "reference": float(bool(references))}
        return self._answer(confidence, similarities, references, named, evidence)

    def _calibrated(
        self,
        learning_id: str,
        features: LearningFeatures,
        references: tuple[ExplicitReference, ...],
        evidence: SessionEvidence,
    ) -> Activation:
        named = features.session()
        confidence = evidence.calibration.probability(named)
        second = evidence.second_look_at(learning_id)
        if second is not None:
            named["second_look"] = second
            confidence = evidence.calibration.second_look.probability(confidence, second)
        if confidence < self._floor:  # no message's score is above the session's
            return self._answer(confidence, (), references, named, evidence)
        alone = evidence.calibration.probabilities(features.per_text())
        scores = np.minimum(1.0, np.round(alone * (confidence / max(float(alone.max()), 1e-9)), 6))
        return self._answer(confidence, self._ranked(scores, alone, evidence), references, named, evidence)

    def _answer(
        self,
        confidence: float,
        similarities: Sequence[EmbeddingSimilarity],
        references: tuple[ExplicitReference, ...],
        features: dict[str, float],
        evidence: SessionEvidence,
    ) -> Activation:
        """Points are the messages of all that counted; what falls short of the threshold, down to the floor, is a candidate."""
        threshold = self._parameters.similarity_threshold
        was_activated = confidence >= threshold
        strong = [similarity for similarity in similarities if was_activated and similarity.score >= threshold]
        weak: list[ActivationSignal] = [s for s in similarities if s.score < threshold]
        counted: list[ActivationSignal] = [*strong, *references] if was_activated else []
        near_misses = weak if was_activated else [*weak, *references]
        return Activation(
            confidence=confidence,
            was_activated=was_activated,
            signals=(*strong[:_MOST], *references[:_MOST]) if was_activated else (),
            candidates=tuple(near_misses[:_MOST]),
            points=tuple(sorted({signal.message_idx for signal in counted})),
            features=features,
            calibration=self._version(evidence),
        )

    def _ranked(self, scores: Floats, strength: Floats, evidence: SessionEvidence) -> list[EmbeddingSimilarity]:
        """Each message's strongest text, best message first, the earlier of equals, down to the floor; the numbers are per text."""
        searched = searchable_text(evidence.chunks)
        # the stronger text has the higher score, so those below the floor are no message's strongest that counts
        high = np.flatnonzero(scores >= self._floor).tolist()
        strong = dict(zip(high, strength[high].tolist(), strict=True))
        best: dict[int, int] = {}
        for number in sorted(number for row in high for number in searched.chunks_of[row]):
            message_idx, row = searched.chunks[number]
            if message_idx not in best or strong[row] > strong[best[message_idx]]:
                best[message_idx] = row
        return [
            EmbeddingSimilarity(
                score=float(scores[row]), message_idx=message_idx, span=evidence.chunks.texts[row][:_SPAN]
            )
            for message_idx, row in sorted(best.items(), key=lambda item: (-strong[item[1]], item[0]))
        ]

    @property
    def _floor(self) -> float:
        return min(self._parameters.candidate_floor, self._parameters.similarity_threshold)

    def _version(self, evidence: SessionEvidence) -> str:
        return "raw" if self._parameters.calibration == "raw" else evidence.calibration.version
