"""A prepared session: all that attributing any of its learnings needs, so that an attribution task needs no model and no ledger payload.

Made once by `prepare_session`, kept on the broker for a while, read by every `attribute_learning` of the session.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Self

from pydantic import TypeAdapter, ValidationError

from worker.attribution import bundle_codec
from worker.domain import Assignment, SessionBackground, SessionVersion, Signal
from worker.errors import BundleGone
from worker.layers.activation.calibration import Calibration
from worker.layers.activation.evidence import SessionChunks, SessionEvidence


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionContext:
    session_id: str
    version: SessionVersion
    #: in [−1, 1]
    outcome: float
    signals: tuple[Signal, ...] = ()
    #: every expected learning, active or withheld
    assignments: dict[str, Assignment] = field(default_factory=dict)
    #: learnings about which the event and our own assignment log disagree
    mismatched: frozenset[str] = frozenset()
    #: per learning the kinds of signals that its own text moves
    excluded_signals: dict[str, frozenset[str]] = field(default_factory=dict)
    #: per learning the outcome without the parts that its own text moves, where that is another one
    learning_outcomes: dict[str, float] = field(default_factory=dict)
    #: what is known of it as a whole
    background: SessionBackground | None = None

    def signals_for(self, learning_id: str) -> tuple[Signal, ...]:
        excluded = self.excluded_signals.get(learning_id)
        return tuple(signal for signal in self.signals if signal.kind not in excluded) if excluded else self.signals

    def outcome_for(self, learning_id: str) -> float:
        return self.learning_outcomes.get(learning_id, self.outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionBundle:
    context: SessionContext
    #: of the expected learnings that are known; one that is missing here fails with that reason
    insights: dict[str, str]
    evidence: SessionEvidence = field(default_factory=SessionEvidence)
    #: learnings whose own text, or a near copy, stood in the assistant's context
    contaminated: frozenset[str] = frozenset()
    #: the embedder's, and after " + " the second look's; empty where there was nothing to embed
    model: str = ""
    precision: str = ""

    def of(self, learning_ids: Collection[str]) -> Self:
        """A copy restricted to these learnings, so that per-bundle work is done for them only."""
        evidence = self.evidence.of(learning_ids)
        return self if evidence is self.evidence else replace(self, evidence=evidence)

    def to_bytes(self) -> bytes:
        evidence, chunks = self.evidence, self.evidence.chunks
        words = _Words(
            context=self.context,
            insights=self.insights,
            contaminated=self.contaminated,
            model=self.model,
            precision=self.precision,
            texts=chunks.texts,
            learning_ids=evidence.learning_ids,
            calibration=evidence.calibration,
        )
        arrays = {name: getattr(chunks, name) for name in _CHUNK_ARRAYS}
        arrays |= {name: getattr(evidence, name) for name in _EVIDENCE_ARRAYS}
        return bundle_codec.pack(_WORDS.dump_json(words), arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises `BundleGone` when the bytes are damaged or were written by another version of this program."""
        text, arrays = bundle_codec.unpack(data)
        try:
            words = _WORDS.validate_json(text)
            chunks = SessionChunks(texts=words.texts, **{name: arrays[name] for name in _CHUNK_ARRAYS})
            evidence = SessionEvidence(
                chunks=chunks,
                learning_ids=words.learning_ids,
                calibration=words.calibration,
                **{name: arrays[name] for name in _EVIDENCE_ARRAYS},
            )
        except (ValidationError, KeyError) as error:
            raise BundleGone(f"the session's bundle is damaged: {error}") from error
        return cls(
            context=words.context,
            insights=words.insights,
            evidence=evidence,
            contaminated=words.contaminated,
            model=words.model,
            precision=words.precision,
        )


_CHUNK_ARRAYS = ("messages", "rows", "kinds")
_EVIDENCE_ARRAYS = ("cosine", "meaning", "wording", "second_look")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """Everything in a bundle that is not an array."""

    context: SessionContext
    insights: dict[str, str]
    contaminated: frozenset[str]
    model: str
    precision: str
    texts: tuple[str, ...]
    learning_ids: tuple[str, ...]
    calibration: Calibration


_WORDS = TypeAdapter(_Words)
