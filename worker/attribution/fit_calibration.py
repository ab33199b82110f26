"""`groove calibrate`: labelled pairs of session and learning -> a calibration, with its quality before and after on a held-back part."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from worker.attribution.bundle import SessionBundle, SessionContext
from worker.attribution.prepare import build_bundle
from worker.attribution.second_look import SecondLook
from worker.domain import Learning, SessionVersion, Transcript
from worker.embedder.protocol import Embedder
from worker.embedder.vector_cache import VectorCache
from worker.errors import InvalidFile
from worker.layers.activation.calibration import Calibration, SecondLookWeights, shipped_calibration
from worker.layers.activation.common_words import CommonWords
from worker.layers.activation.features import FEATURES, SessionFeatures
from worker.layers.activation.fitting import PRIOR, fit_second_look, fit_weights
from worker.layers.activation.history import fit_history
from worker.layers.activation.quality import Quality, quality

#: sessions held back, one in this many, chosen by a hash of their ids
HELD_BACK = 4
#: labels of either kind without which nothing can be fitted
LEAST_LABELS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """A reader's judgement of one pair: did the session use the learning?"""

    session_id: str
    learning_id: str
    used: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A label with the session it speaks of, prepared."""

    bundle: SessionBundle
    learning_id: str
    used: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CalibrationReport:
    """On the sessions held back: the calibration in force, and one fitted on the others. The result itself is fitted on all."""

    before: Quality
    after: Quality
    sessions: int
    labels: int
    #: labelled pairs on which the second look gave a verdict, and how many of these agree with the label
    judged: int = 0
    agreed: int = 0


def fit(
    sessions: Mapping[str, Transcript],
    learnings: Mapping[str, Learning],
    labels: Sequence[Label],
    embedder: Embedder,
    *,
    made_at: datetime,
    threshold: float = 0.6,
    current: Calibration | None = None,
    second_look: SecondLook | None = None,
) -> tuple[Calibration, CalibrationReport]:
    """Raises `InvalidFile` when the labels name what is not there, or are too few. `current`: None means the shipped calibration."""
    current = current or shipped_calibration()
    judged = prepare(sessions, learnings, labels, embedder, current, second_look)
    uses = sum(label.used for label in labels)
    if min(uses, len(labels) - uses) < LEAST_LABELS:
        raise InvalidFile(f"a calibration needs at least {LEAST_LABELS} uses and {LEAST_LABELS} non-uses")
    held = [each for each in judged if is_held_back(each.bundle.context.session_id)]
    others = [each for each in judged if not is_held_back(each.bundle.context.session_id)]
    if not held or not others:
        raise InvalidFile("the labelled sessions are too few to hold some of them back")
    verdicts = [
        (score > 0, each.used)
        for each in judged
        if (score := each.bundle.evidence.second_look_at(each.learning_id)) is not None and score
    ]
    report = CalibrationReport(
        before=_quality(current, held, threshold),
        after=_quality(fitted(others, second_look=current.second_look), held, threshold),
        sessions=len({label.session_id for label in labels}),
        labels=len(labels),
        judged=len(verdicts),
        agreed=sum(verdict == used for verdict, used in verdicts),
    )
    provenance = {
        "made_at": made_at.isoformat(timespec="seconds"),
        "sessions": report.sessions,
        "labels": report.labels,
        "uses": uses,
        "model": judged[0].bundle.model,
        "precision": embedder.precision,
        "method": "logistic regression with a normal prior on each weight: " + str(PRIOR),
    }
    return fitted(judged, provenance=provenance, second_look=current.second_look), report


def prepare(
    sessions: Mapping[str, Transcript],
    learnings: Mapping[str, Learning],
    labels: Sequence[Label],
    embedder: Embedder,
    current: Calibration,
    second_look: SecondLook | None = None,
) -> list[Judged]:
    """One per label, in their order. Raises `InvalidFile` for a label of an unknown session or learning."""
    vectors = VectorCache(embedder)
    wanted: dict[str, dict[str, Learning]] = {}
    for number, label in enumerate(labels, start=1):
        if label.session_id not in sessions:
            raise InvalidFile(f"label {number}: session {label.session_id!r} is not among the sessions")
        if label.learning_id not in learnings:
            raise InvalidFile(f"label {number}: learning {label.learning_id!r} is not among the learnings")
        wanted.setdefault(label.session_id, {})[label.learning_id] = learnings[label.learning_id]
    bundles = {
        session_id: build_bundle(
            bare_context(session_id),
            sessions[session_id],
            asked,
            embedder=embedder,
            learning_vectors=vectors,
            calibration=current,
            second_look=second_look,
        )
        for session_id, asked in wanted.items()
    }
    return [
        Judged(bundle=bundles[label.session_id], learning_id=label.learning_id, used=label.used) for label in labels
    ]


def fitted(
    judged: Sequence[Judged],
    *,
    name: str = "fitted",
    provenance: dict[str, Any] | None = None,
    share_of_uses: float | None = None,
    with_history: bool = True,
    second_look: SecondLookWeights | None = None,
) -> Calibration:
    """Common words, weights, second look and the learnings' history, one after the other: each is fitted under those before it.

    `share_of_uses`: in nature, where labels were sampled by their answer. `second_look`: its weights before, which few labels move little.
    """
    texts_of = {each.bundle.context.session_id: each.bundle.evidence.chunks.texts for each in judged}
    words = CommonWords.count(texts_of.values())
    rows = [session_features(each, words) for each in judged]
    intercept, weights = fit_weights(rows, [each.used for each in judged], share_of_uses)
    first = Calibration(version="", intercept=intercept, weights=weights)
    logits = [first.logit(row) for row in rows]
    looks = fit_second_look(
        [first.probability(row) for row in rows],
        [each.bundle.evidence.second_look_at(each.learning_id) for each in judged],
        [each.used for each in judged],
        share_of_uses,
        before=second_look,
    )
    return Calibration.fitted(
        name,
        intercept=intercept,
        weights=weights,
        common_words=words,
        history=fit_history([each.learning_id for each in judged], logits, [each.used for each in judged])
        if with_history
        else {},
        second_look=looks,
        provenance=provenance or {},
    )


def probability(calibration: Calibration, judged: Judged) -> float:
    """What the detector would say under that calibration."""
    first = calibration.probability(session_features(judged, calibration.common_words, calibration.history))
    score = judged.bundle.evidence.second_look_at(judged.learning_id)
    return first if score is None else calibration.second_look.probability(first, score)


def session_features(
    judged: Judged, common_words: CommonWords, history: Mapping[str, float] | None = None
) -> dict[str, float]:
    """All features at their emptiest where the assistant said nothing."""
    evidence = judged.bundle.evidence
    if not evidence.chunks.texts:
        return dict.fromkeys(FEATURES, 0.0)
    calibration = replace(evidence.calibration, common_words=common_words, history=dict(history or {}))
    under = replace(evidence.of([judged.learning_id]), calibration=calibration)
    return SessionFeatures(judged.bundle.insights, under).of(judged.learning_id).session()


def bare_context(session_id: str) -> SessionContext:
    """A session that is only looked at, not attributed."""
    return SessionContext(session_id=session_id, version=SessionVersion(timestamp=0, event_id=session_id), outcome=0.0)


def is_held_back(session_id: str) -> bool:
    return hashlib.sha256(session_id.encode()).digest()[0] % HELD_BACK == 0


def _quality(calibration: Calibration, judged: Sequence[Judged], threshold: float) -> Quality:
    return quality(
        [probability(calibration, each) for each in judged], [each.used for each in judged], threshold=threshold
    )
