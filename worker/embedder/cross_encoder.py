"""The PairReader on sentence-transformers' CrossEncoder: a folder or a hub name with one output."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.embedder.libraries import load_libraries
from worker.embedder.model_files import digest_of
from worker.errors import ConfigurationError


class CrossEncoderReader:
    """Loads its model at the first use, once; safe to share between threads. Always float32: it reads few pairs."""

    def __init__(self, model: str, *, device: str = "auto", threads: int | None = None) -> None:
        self._setting = model
        self._device = device
        self._threads = threads
        self._model: Any = None
        self._name = ""
        self._lock = Lock()

    @property
    def model(self) -> str:
        with self._lock:
            self._load()
            return self._name

    def read(self, learning: str, texts: Sequence[str]) -> NDArray[np.float64]:
        with self._lock:
            scores = self._load().predict(
                [(learning, text) for text in texts], batch_size=len(texts), show_progress_bar=False
            )
        return np.asarray(scores, dtype=np.float64)

    def _load(self) -> Any:
        """Raises `ConfigurationError` when the model or its libraries are not there, or it gives more than one number."""
        if self._model is not None:
            return self._model
        folder = Path(self._setting) if Path(self._setting).is_dir() else None
        libraries = load_libraries(
            device=self._device, threads=self._threads, offline=folder is not None, needed_for="the second look"
        )
        try:
            model = libraries.sentence_transformers.CrossEncoder(
                self._setting, device=libraries.device, activation_fn=libraries.torch.nn.Identity()
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigurationError(f"activation.second_look {self._setting!r} cannot be loaded: {error}") from error
        if model.num_labels != 1:
            raise ConfigurationError(
                f"activation.second_look {self._setting!r} has {model.num_labels} outputs; one is needed"
            )
        self._model = model.eval()
        self._name = f"{folder.name}@{digest_of(folder)}" if folder else self._setting
        return self._model
