"""The Embedder for processors: the model converted once for OpenVINO; torch is not even imported."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from worker.embedder.conversion import ConversionFailed, converted
from worker.embedder.model_files import digest_of
from worker.embedder.openvino_model import OpenVinoModel
from worker.embedder.precision import Precision, PrecisionSetting, choose_precision, processor_flags
from worker.embedder.protocol import Vectors
from worker.embedder.rows import each_once


class OpenVinoEmbedder:
    """Has its model from the start; safe to share between threads (one computes at a time)."""

    device = "cpu"

    def __init__(
        self,
        source: Path,
        *,
        label: str,
        conversions: Path,
        precision: PrecisionSetting = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """`source`: the model's folder, `label` its name; `conversions`: where converted ones are kept.

        The rest as for `SentenceTransformerEmbedder`. Raises `ConversionFailed`.
        """
        self.model = f"{label}@{digest_of(source)}"
        self.precision: Precision = choose_precision(precision, self.device, flags=processor_flags())
        self._lock = Lock()
        folder = converted(source, self.model, conversions)

        def load() -> OpenVinoModel:
            return OpenVinoModel(folder, precision=self.precision, threads=threads, batch_tokens=batch_tokens)

        try:
            self._loaded = load()
        except RuntimeError:  # as OpenVINO says that it cannot read a file
            converted(source, self.model, conversions, anew=True)
            try:
                self._loaded = load()
            except RuntimeError as error:
                raise ConversionFailed(f"{folder} cannot be used: {error}") from error

    def embed(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            return each_once(texts, self._loaded.dimension, self._loaded.encode)
