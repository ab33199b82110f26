"""A sentence-transformers model converted for OpenVINO: once for each version of either, and kept in a folder.

    model.xml, model.bin   token ids and mask -> one vector a text, pooling and all that follows included; float32
    tokenizer.json         the model's own; where it cuts a text off and what it pads with are in it
    refused                instead of all these: why it cannot be converted, so that nobody tries again

It takes torch and a gigabyte of memory, so a process of its own does it, which ends then: whoever embeds needs neither. What was
converted must give the same vectors as the model itself, or it is not used.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from worker.embedder.libraries import load_libraries, load_openvino
from worker.embedder.model_files import settings_digest_of
from worker.embedder.openvino_model import MODEL, TOKENIZER, OpenVinoModel
from worker.embedder.rows import each_once
from worker.embedder.tokenizing import EXAMPLES, OtherTokens, TextTokenizer
from worker.errors import ConfigurationError
from worker.system.parent_death import end_with_parent

#: cosine between a text's two vectors; rounding leaves 0.999999
_SAME = 0.9999
_REFUSED = "refused"
_TIMEOUT_SECONDS = 900.0


class ConversionFailed(ConfigurationError):
    """The model is not one that can be converted, or something that this needs is missing."""


def converted(source: Path, name: str, folder: Path, *, anew: bool = False) -> Path:
    """The folder below `folder` that holds `source` converted; made now if nobody has, by one process at a time.

    `name` tells the model's weights apart; how they are used and the version of OpenVINO are added, and what an older one converted goes.
    `anew`: what lies there cannot be read. Raises `ConversionFailed`.
    """
    kind = f"{name}-{settings_digest_of(source)}-openvino-"
    target = folder / f"{kind}{load_openvino().__version__.partition('-')[0]}"
    try:
        if anew or not target.is_dir():
            with _alone(target):
                if anew:
                    shutil.rmtree(target, ignore_errors=True)
                if not target.is_dir():
                    _convert_apart(source, target)
                    for older in set(folder.glob(f"{kind}*/")) - {target}:
                        shutil.rmtree(older, ignore_errors=True)
        refused = target / _REFUSED
        if refused.is_file():
            raise ConversionFailed(f"{source} cannot be converted for OpenVINO: {refused.read_text(encoding='utf-8')}")
    except OSError as error:
        raise ConversionFailed(f"{target}: {error.strerror or error}") from error
    return target


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """The lock is the kernel's: it goes with the process that holds it."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with target.with_name(f"{target.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _convert_apart(source: Path, target: Path) -> None:
    """What is half done has another name, so that the folder is whole or not there."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    command = [sys.executable, "-m", __name__, str(source), str(partial)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise ConversionFailed(f"{source} cannot be converted for OpenVINO: {lines[-1]}")
        partial.rename(target)
    except subprocess.TimeoutExpired as error:
        raise ConversionFailed(f"{source} is not converted after {_TIMEOUT_SECONDS:g} s") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def convert(source: Path, folder: Path) -> None:
    """In this process: writes the three files. Raises `ConversionFailed`."""
    libraries = load_libraries(device="cpu", threads=None, offline=True, needed_for="embedding")
    openvino, torch = load_openvino(), libraries.torch
    model = libraries.sentence_transformers.SentenceTransformer(str(source), device="cpu").float().eval()
    try:
        tokenizer = TextTokenizer.of(model)
    except OtherTokens as reason:
        raise ConversionFailed(str(reason)) from reason
    tokenizer.save(folder / TOKENIZER)
    features = {name: torch.from_numpy(value) for name, value in tokenizer.prepare(EXAMPLES).items()}

    class Whole(torch.nn.Module):  # type: ignore[misc,name-defined]  # torch is only here at run time
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            return self.model({**dict(zip(features, inputs, strict=True)), **tokenizer.beside})["sentence_embedding"]

    with torch.no_grad():
        graph = openvino.convert_model(Whole(), example_input=tuple(features.values()))
    for entry, name in zip(graph.inputs, features, strict=True):
        entry.get_tensor().set_names({name})
    openvino.save_model(graph, folder / MODEL, compress_to_fp16=False)
    _compare(model, OpenVinoModel(folder, precision="float32", threads=1))


def _compare(model: Any, converted_model: OpenVinoModel) -> None:
    def own(texts: list[str]) -> Any:
        return model.encode(texts, show_progress_bar=False)

    ours, theirs = (each_once(EXAMPLES, converted_model.dimension, encode) for encode in (own, converted_model.encode))
    least = float(np.min(np.sum(ours * theirs, axis=1)))
    if not least >= _SAME:
        raise ConversionFailed(f"converted it gives other vectors (cosine {least:.4f})")


def main() -> int:
    end_with_parent(os.getppid())
    source, folder = map(Path, sys.argv[1:])
    try:
        convert(source, folder)
    except ConversionFailed as refused:
        (folder / _REFUSED).write_text(str(refused), encoding="utf-8")
    except Exception as error:  # noqa: BLE001 - whatever it was, it may be gone the next time; the other process reports it
        sys.stderr.write(f"{error or type(error).__name__}".partition("\n")[0] + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
