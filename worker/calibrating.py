"""`groove calibrate`: labelled pairs of session and learning -> a calibration, with its quality before and after on a held-back part."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from worker.bundle import SessionBundle, SessionContext
from worker.calibration import Calibration, shipped_calibration
from worker.domain import Learning, SessionVersion, Transcript
from worker.embedder.protocol import Embedder
from worker.embedder.vector_cache import VectorCache
from worker.errors import InvalidFile
from worker.layers.activation.features import FEATURES, learning_features
from worker.layers.activation.fitting import PRIOR, fit_weights
from worker.layers.activation.quality import Quality, quality
from worker.preparation import build_bundle

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
class CalibrationReport:
    """On the sessions held back: the calibration in force, and one fitted on the others. The result itself is fitted on all."""

    before: Quality
    after: Quality
    sessions: int
    labels: int


def fit(
    sessions: Mapping[str, Transcript],
    learnings: Mapping[str, Learning],
    labels: Sequence[Label],
    embedder: Embedder,
    *,
    made_at: datetime,
    threshold: float = 0.75,
    current: Calibration | None = None,
) -> tuple[Calibration, CalibrationReport]:
    """Raises `InvalidFile` when the labels name what is not there, or are too few. `current`: None means the shipped calibration."""
    rows = labelled_features(sessions, learnings, labels, embedder)
    used = [label.used for label in labels]
    if min(sum(used), len(used) - sum(used)) < LEAST_LABELS:
        raise InvalidFile(f"a calibration needs at least {LEAST_LABELS} uses and {LEAST_LABELS} non-uses")
    held = [is_held_back(label.session_id) for label in labels]
    if not any(held) or all(held):
        raise InvalidFile("the labelled sessions are too few to hold some of them back")
    trial = _calibration(
        [r for r, h in zip(rows, held, strict=True) if not h], [u for u, h in zip(used, held, strict=True) if not h]
    )
    tested = [(row, use) for row, use, h in zip(rows, used, held, strict=True) if h]
    report = CalibrationReport(
        before=_quality(current or shipped_calibration(), tested, threshold),
        after=_quality(trial, tested, threshold),
        sessions=len({label.session_id for label in labels}),
        labels=len(labels),
    )
    provenance = {
        "made_at": made_at.isoformat(timespec="seconds"),
        "sessions": report.sessions,
        "labels": report.labels,
        "uses": sum(used),
        "model": embedder.model,
        "precision": embedder.precision,
        "method": "logistic regression with a normal prior on each weight: " + str(PRIOR),
    }
    return _calibration(rows, used, provenance), report


def labelled_features(
    sessions: Mapping[str, Transcript],
    learnings: Mapping[str, Learning],
    labels: Sequence[Label],
    embedder: Embedder,
) -> list[dict[str, float]]:
    """One row of features per label, in their order. Raises `InvalidFile` for a label of an unknown session or learning."""
    vectors = VectorCache(embedder)
    wanted: dict[str, dict[str, Learning]] = {}
    for number, label in enumerate(labels, start=1):
        if label.session_id not in sessions or label.learning_id not in learnings:
            raise InvalidFile(f"label {number} names a session or a learning that is not there")
        wanted.setdefault(label.session_id, {})[label.learning_id] = learnings[label.learning_id]
    bundles = {
        session_id: build_bundle(
            bare_context(session_id), sessions[session_id], asked, embedder=embedder, learning_vectors=vectors
        )
        for session_id, asked in wanted.items()
    }
    return [session_features(bundles[label.session_id], label.learning_id) for label in labels]


def session_features(bundle: SessionBundle, learning_id: str) -> dict[str, float]:
    """All features at their emptiest where the assistant said nothing."""
    if not bundle.evidence.texts:
        return dict.fromkeys(FEATURES, 0.0)
    return learning_features(bundle.learnings[learning_id], bundle.evidence).session()


def bare_context(session_id: str) -> SessionContext:
    """A session that is only looked at, not attributed."""
    return SessionContext(session_id=session_id, version=SessionVersion(timestamp=0, event_id=session_id), outcome=0.0)


def is_held_back(session_id: str) -> bool:
    return hashlib.sha256(session_id.encode()).digest()[0] % HELD_BACK == 0


def _calibration(
    rows: Sequence[Mapping[str, float]], used: Sequence[bool], provenance: dict[str, object] | None = None
) -> Calibration:
    intercept, weights = fit_weights(rows, used)
    numbers = repr((intercept, sorted(weights.items()))).encode()
    version = f"fitted-{hashlib.sha256(numbers).hexdigest()[:12]}"
    return Calibration(version=version, intercept=intercept, weights=weights, provenance=provenance or {})


def _quality(calibration: Calibration, tested: list[tuple[dict[str, float], bool]], threshold: float) -> Quality:
    scores = np.array([calibration.probability(row) for row, _ in tested])
    return quality(scores.tolist(), [use for _, use in tested], threshold=threshold)
