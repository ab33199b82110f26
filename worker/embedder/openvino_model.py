"""A converted model on processors, by OpenVINO: in 0.6 of torch's time and a third of its memory (benchmarks/results/embedding.md)."""

from functools import cache
from pathlib import Path
from typing import Any

from worker.embedder.libraries import load_openvino
from worker.embedder.protocol import Vectors
from worker.embedder.rows import encode_tokens
from worker.embedder.tokenizing import TextTokenizer

#: what a folder holds: conversion.py
MODEL, TOKENIZER = "model.xml", "tokenizer.json"
#: tokens in one pass, for each thread
_BATCH_TOKENS = 1024
#: what is kept ready for each shape of a matrix; 100 shapes take 20 MB, and those of float32 are many more
_SHAPES_KEPT = 64
#: AMX multiplies tiles of so many rows, and each new shape costs time: lengths that are multiples make few shapes. For float32 it
#: would be too much padding
_MULTIPLES = {"bfloat16": 16, "float32": 1}
_FORMATS = {"bfloat16": "bf16", "float32": "f32"}


@cache
def _core() -> Any:
    """The process's only one, never given back.

    Where a processor has AMX, it gives the thread that loads a model another stack for signal handlers and unmaps that with itself. Were
    another thread to drop the last of it, the loading thread would die of its next signal.
    """
    return load_openvino().Core()


class OpenVinoModel:
    """Not safe to share between threads."""

    def __init__(self, folder: Path, *, precision: str, threads: int | None, batch_tokens: int | None = None) -> None:
        """`folder`: see conversion.py; `threads`: None takes a core each. Raises `RuntimeError` for files that cannot be read."""
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _FORMATS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            # each worker would choose the same cores
            "ENABLE_CPU_PINNING": False,
            "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES_KEPT,
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        self._tokenizer = TextTokenizer.read(folder / TOKENIZER)
        compiled = _core().compile_model(folder / MODEL, "CPU", options)
        self._inputs = [entry.get_any_name() for entry in compiled.inputs]
        self.dimension = int(compiled.output(0).get_partial_shape()[-1].get_length())
        self._request = compiled.create_infer_request()
        self._batch_tokens = batch_tokens or _BATCH_TOKENS * compiled.get_property("INFERENCE_NUM_THREADS")
        self._multiple = _MULTIPLES[precision]

    def encode(self, texts: list[str]) -> Vectors:
        """A row per text, in the order given, as long as the model makes it: float32 [len(texts), dimension]."""
        return encode_tokens(
            texts,
            self._tokenizer,
            multiple=self._multiple,
            most=self._batch_tokens,
            dimension=self.dimension,
            infer=self.infer,
        )

    def infer(self, inputs: dict[str, Any]) -> Vectors:
        """`inputs`: by name, int64 [texts, tokens] each."""
        rows: Vectors = self._request.infer([inputs[name] for name in self._inputs], share_inputs=True)[0]
        return rows
