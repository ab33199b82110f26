"""The Embedder on sentence-transformers: any model folder or name; by default all-MiniLM-L6-v2 from its package, offline."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from worker.embedder.libraries import load_libraries
from worker.embedder.model_files import DEFAULT_MODEL, digest_of, label_of, source_of
from worker.embedder.precision import Precision, PrecisionSetting, choose_precision, gpu_flags, processor_flags
from worker.embedder.protocol import Vectors
from worker.embedder.rows import each_once, encode_tokens, in_batches
from worker.embedder.tokenizing import OtherTokens, TextTokenizer
from worker.errors import ConfigurationError

log = structlog.get_logger()

#: tokens in one pass; on processors for each thread: the fastest in either format (benchmarks/embedding.py), and what it needs stays small
_BATCH_TOKENS = {"cpu": 512, "cuda": 131_072, "mps": 32_768}
#: what torch and oneDNN keep ready for each shape of a matrix they have seen; each batch has its own, which its six layers share. They
#: would keep a thousand: 170 MB, which save nothing without AMX; with it twice as many as here save 4 % of the time for 18 MB
_SHAPE_CACHES = ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY")
_SHAPES_KEPT = "32"
#: AMX multiplies tiles of so many rows: attention over a length that is no multiple takes up to three times as long, and each shape of
#: matrix that it meets for the first time costs milliseconds
_TILE_ROWS = 16


class SentenceTransformerEmbedder:
    """Loads its model at the first use, once; safe to share between threads (one computes at a time)."""

    def __init__(
        self,
        model: str | None = None,
        *,
        device: str = "auto",
        precision: PrecisionSetting = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        """`model`: a folder or a hub name; None takes all-MiniLM-L6-v2 from its package.

        `threads` are the process's; None leaves the library's choice.
        """
        self._setting = model or DEFAULT_MODEL
        self._device_setting = device
        self._precision_setting = precision
        self._threads = threads
        self._batch_tokens = batch_tokens
        self._loaded: _Loaded | None = None
        self._lock = Lock()

    @property
    def model(self) -> str:
        return self._load().name

    @property
    def precision(self) -> Precision:
        return self._load().precision

    @property
    def device(self) -> str:
        return self._load().device

    def embed(self, texts: Sequence[str]) -> Vectors:
        loaded = self._load()
        with self._lock:
            rows = each_once(texts, loaded.dimension, loaded.encode)
        if len(texts) > 1:
            _give_back_memory()
        return rows

    def _load(self) -> "_Loaded":
        with self._lock:
            if self._loaded is None:
                self._loaded = _Loaded.load(
                    self._setting,
                    device=self._device_setting,
                    precision=self._precision_setting,
                    threads=self._threads,
                    batch_tokens=self._batch_tokens,
                )
            return self._loaded


class _Loaded:
    """A model in memory."""

    def __init__(
        self,
        *,
        torch: Any,
        model: Any,
        tokenizer: TextTokenizer | None,
        name: str,
        device: str,
        precision: Precision,
        batch_tokens: int,
        multiple: int,
    ) -> None:
        """`tokenizer`: None where the model must prepare its texts itself. `multiple`: lengths are padded to one of it."""
        self.name = name
        self.device = device
        self.precision = precision
        self._torch = torch
        self._model = model
        self._tokenizer = tokenizer
        self._batch_tokens = batch_tokens
        self._multiple = multiple

    @classmethod
    def load(
        cls,
        setting: str,
        *,
        device: str,
        precision: PrecisionSetting,
        threads: int | None,
        batch_tokens: int | None,
    ) -> "_Loaded":
        """Raises `ConfigurationError` when the model or its libraries are not there."""
        source = source_of(setting)
        for cache in _SHAPE_CACHES:
            os.environ.setdefault(cache, _SHAPES_KEPT)
        libraries = load_libraries(
            device=device, threads=threads, offline=isinstance(source, Path), needed_for="embedding"
        )
        torch = libraries.torch
        kind = libraries.device.partition(":")[0]
        chosen = choose_precision(
            precision,
            libraries.device,
            flags=gpu_flags(torch, libraries.device) if kind == "cuda" else processor_flags(),
        )
        try:
            model = libraries.sentence_transformers.SentenceTransformer(str(source), device=libraries.device)
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigurationError(f"embedder.model {setting!r} cannot be loaded: {error}") from error
        model = model.to(dtype=getattr(torch, chosen)).eval()
        has_tiles = kind == "cpu" and chosen == "bfloat16" and "amx_bf16" in processor_flags()
        usual = _BATCH_TOKENS.get(kind, _BATCH_TOKENS["cpu"]) * (torch.get_num_threads() if kind == "cpu" else 1)
        return cls(
            torch=torch,
            model=model,
            tokenizer=_tokenizer_of(model),
            name=_name(setting, source, model),
            device=libraries.device,
            precision=chosen,
            batch_tokens=batch_tokens or usual,
            multiple=_TILE_ROWS if has_tiles else 1,
        )

    @property
    def dimension(self) -> int:
        renamed = getattr(self._model, "get_embedding_dimension", None)  # since sentence-transformers 6
        return int((renamed or self._model.get_sentence_embedding_dimension)())

    def encode(self, texts: list[str]) -> Vectors:
        """A row per text, float32 whatever the model computed in."""
        return self._encode_as_it_does(texts) if self._tokenizer is None else self._encode(texts, self._tokenizer)

    def _encode(self, texts: list[str], tokenizer: TextTokenizer) -> Vectors:
        def infer(batch: dict[str, NDArray[np.int64]]) -> Vectors:
            features = {name: self._torch.from_numpy(value).to(self.device) for name, value in batch.items()}
            rows: Vectors = self._model({**features, **tokenizer.beside})["sentence_embedding"].float().cpu().numpy()
            return rows

        with self._torch.inference_mode():
            return encode_tokens(
                texts,
                tokenizer,
                multiple=self._multiple,
                most=self._batch_tokens,
                dimension=self.dimension,
                infer=infer,
            )

    def _encode_as_it_does(self, texts: list[str]) -> Vectors:
        """It tells nobody how long a text becomes: each character counts as a token, which is more than it takes."""

        def together(places: list[int]) -> Vectors:
            batch = [texts[place] for place in places]
            rows: Vectors = self._model.encode(batch, batch_size=len(batch), show_progress_bar=False)
            return rows

        most = self._model.max_seq_length
        lengths = [min(len(text), most or len(text)) for text in texts]
        return in_batches(lengths, self._batch_tokens, self.dimension, together)


def _tokenizer_of(model: Any) -> TextTokenizer | None:
    try:
        return TextTokenizer.of(model)
    except OtherTokens as reason:
        log.info("model_prepares_its_texts", reason=str(reason))
        return None


def _give_back_memory() -> None:
    """What the passes needed and freed is the system's again; glibc would keep 40 to 80 MB of it for the next session."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _name(setting: str, source: Path | str, model: Any) -> str:
    """The setting's last part and what tells this version apart: a digest of the weights, or the hub's revision."""
    label = label_of(setting)
    if isinstance(source, str):
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        revision = getattr(config, "_commit_hash", None)
        return f"{label}@{revision[:12]}" if revision else label
    return f"{label}@{digest_of(source)}"
