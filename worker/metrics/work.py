"""How long the layers and the model take, told by a worker for all its children.

The children do the work and the parent answers: they share files in a folder (prometheus_client's multiprocess mode, which is
chosen by a variable before that package is imported for the first time).
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from worker.domain import Activation, Signal, TemporalCorrelation
from worker.embedder import Embedder
from worker.embedder.precision import Precision
from worker.embedder.protocol import Vectors
from worker.layers.activation.evidence import SessionEvidence
from worker.layers.protocols import ActivationDetector, TemporalCorrelator
from worker.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_LAYER_BUCKETS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1)
_MODEL_BUCKETS = (0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


def share_between_processes(settings: Settings, name: str) -> None:
    """Before the children are forked; a worker that starts counts from 0."""
    folder = settings.run_dir / f"metrics-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[_FOLDER_VARIABLE] = str(folder)


def of_all_processes() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=os.environ[_FOLDER_VARIABLE])  # type: ignore[no-untyped-call]  # it carries no types
    return registry


class WorkMeasures:
    """One a process."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        registry = CollectorRegistry()
        self.layer_seconds = Histogram(
            "groove_layer_seconds",
            "Time of one layer over one learning and one session",
            ["layer"],
            buckets=_LAYER_BUCKETS,
            registry=registry,
        )
        self.embedding_seconds = Histogram(
            "groove_embedding_seconds",
            "Time of the model for a batch of texts",
            buckets=_MODEL_BUCKETS,
            registry=registry,
        )
        self.embedded_texts = Counter("groove_embedded_texts", "Texts embedded", registry=registry)


class MeasuredDetector:
    def __init__(self, detector: ActivationDetector, measures: WorkMeasures) -> None:
        self._detector, self._seconds = detector, measures.layer_seconds.labels("activation")

    def detect(self, learning_id: str, insights: Mapping[str, str], evidence: SessionEvidence) -> Activation:
        with self._seconds.time():
            return self._detector.detect(learning_id, insights, evidence)


class MeasuredCorrelator:
    def __init__(self, correlator: TemporalCorrelator, measures: WorkMeasures) -> None:
        self._correlator, self._seconds = correlator, measures.layer_seconds.labels("temporal")

    def correlate(self, points: tuple[int, ...], signals: tuple[Signal, ...]) -> TemporalCorrelation:
        with self._seconds.time():
            return self._correlator.correlate(points, signals)


class MeasuredEmbedder:
    def __init__(self, embedder: Embedder, measures: WorkMeasures) -> None:
        self._embedder, self._measures = embedder, measures

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def precision(self) -> Precision:
        return self._embedder.precision

    def embed(self, texts: Sequence[str]) -> Vectors:
        with self._measures.embedding_seconds.time():
            vectors = self._embedder.embed(texts)
        self._measures.embedded_texts.inc(len(texts))
        return vectors
