"""Builds each real object once per process, when it is first asked for: after the fork, and never what is not needed.

This is the one place where protocols meet their implementations.
"""

import os
from datetime import UTC, date, datetime
from functools import cache, cached_property
from importlib import import_module

from worker.attribution.attributor import Attributor
from worker.attribution.judge_memory import JudgeMemory
from worker.attribution.second_look import SecondLook
from worker.embedder import Embedder, VectorCache, open_embedder
from worker.errors import ConfigurationError
from worker.event_log.opening import open_event_log
from worker.event_log.protocol import EventLog
from worker.language_model import PREFIX, LanguageModel
from worker.layers.activation.calibration import Calibration, shipped_calibration
from worker.layers.activation.detector import HybridDetector
from worker.layers.protocols import ActivationDetector
from worker.layers.temporal.correlation import ExponentialDecay
from worker.ledger import Ledger, open_ledger
from worker.metrics.work import MeasuredCorrelator, MeasuredDetector, MeasuredEmbedder, WorkMeasures
from worker.settings import Settings, load_settings
from worker.settings.layers import ActivationParameters
from worker.store.client import HttpStore
from worker.store.protocol import SessionStore
from worker.task_queue.broker import broker_client
from worker.task_queue.bundle_cache import BundleCache


class Resources:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_url, quiet_seconds=self.settings.bridge.late_event_quiet_seconds)

    @cached_property
    def store(self) -> SessionStore:
        return HttpStore(self.settings.store_url, token=lambda: self.settings.write_token() or "")

    @cached_property
    def event_log(self) -> EventLog:
        return open_event_log(self.settings.event_log_url)

    @cached_property
    def bundles(self) -> BundleCache:
        return BundleCache(broker_client(self.settings), keep_seconds=self.settings.worker.bundle_seconds)

    @cached_property
    def embedder(self) -> Embedder:
        options = self.settings.embedder
        embedder = open_embedder(
            options.model,
            conversions=self.settings.conversions_dir,
            backend=options.backend,
            device=options.device,
            precision=options.precision,
            threads=self.settings.embedder_threads,
            batch_tokens=options.batch_tokens,
        )
        return MeasuredEmbedder(embedder, self.measures) if self.measures else embedder

    @cached_property
    def measures(self) -> WorkMeasures | None:
        """None: nobody asks."""
        return WorkMeasures() if self.settings.metrics.port else None

    @cached_property
    def calibration(self) -> Calibration:
        """The one in force: changes only when a person sets another."""
        path = self.settings.calibration
        if path is None:
            return shipped_calibration()
        try:
            return Calibration.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigurationError(f"calibration: {path}: {error.strerror}") from error

    @cached_property
    def learning_vectors(self) -> VectorCache:
        return VectorCache(self.embedder)

    @cached_property
    def second_look(self) -> SecondLook | None:
        """None: the first one decides."""
        options = self.settings.activation
        if options.judge is None or options.calibration == "raw":
            return None
        memory = JudgeMemory(self.settings.data_dir.absolute() / "judge.sqlite")
        return SecondLook(LanguageModel(options.judge.removeprefix(PREFIX)), options, memory, _today)

    @cached_property
    def attributor(self) -> Attributor:
        detector, correlator = _detector(self.settings.activation), ExponentialDecay(self.settings.temporal)
        if self.measures is None:
            return Attributor(detector=detector, correlator=correlator)
        return Attributor(
            detector=MeasuredDetector(detector, self.measures),
            correlator=MeasuredCorrelator(correlator, self.measures),
        )


def _today() -> date:
    return datetime.now(UTC).date()


def _detector(parameters: ActivationParameters) -> ActivationDetector:
    if parameters.detector == "hybrid":
        return HybridDetector(parameters)
    module, _, name = parameters.detector.partition(":")
    try:
        detector: ActivationDetector = getattr(import_module(module), name)(parameters)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"activation.detector: {parameters.detector}: {error}") from error
    return detector


def resources() -> Resources:
    """This process's own: a forked child never shares its parent's connections."""
    return _of_process(os.getpid())


@cache
def _of_process(_pid: int) -> Resources:
    return Resources(load_settings())
