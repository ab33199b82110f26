"""torch, sentence-transformers and OpenVINO: imported when a model is first needed, and no more of them than it needs."""

import os
import sys
from dataclasses import dataclass
from typing import Any

from worker.errors import ConfigurationError

#: a compiler for GPUs that comes with torch's build for them; without a GPU everything that may use it can do without, as with the build
#: for processors. sentence-transformers imports it, and 70 MB with it, whether there is a GPU or not
_GPU_COMPILER = "triton"
#: OpenVINO's converter tells its makers over the network that it was used if it finds this package, which its own asks for
_TELEMETRY = "openvino_telemetry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Libraries:
    torch: Any
    sentence_transformers: Any
    #: a name that torch knows
    device: str


def load_libraries(*, device: str, threads: int | None, offline: bool, needed_for: str) -> Libraries:
    """`device`: "auto" takes a GPU where there is one. `threads`: the process's; None leaves torch's choice. `offline`: asks no hub.

    Raises `ConfigurationError` when they are not installed.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if offline:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    _keep_tokenizers_to_one_thread()
    try:
        import torch

        chosen = _device(device, torch)
        if chosen == "cpu" and not torch.cuda.is_available():
            sys.modules.setdefault(_GPU_COMPILER, None)  # type: ignore[arg-type]  # Python's way to say "not installed"
        import sentence_transformers
        from transformers.utils import logging
    except ImportError as error:
        raise ConfigurationError(
            f"{needed_for} needs the extra `embedder` (sentence-transformers and torch): {error}"
        ) from error
    notices: Any = logging
    notices.disable_progress_bar()  # none in a worker's log
    if threads:
        torch.set_num_threads(threads)
    return Libraries(torch=torch, sentence_transformers=sentence_transformers, device=chosen)


def load_openvino() -> Any:
    """The package, which sends nothing anywhere. Raises `ConfigurationError` when it is not installed."""
    _keep_tokenizers_to_one_thread()
    sys.modules.setdefault(_TELEMETRY, None)  # type: ignore[arg-type]  # Python's way to say "not installed"
    try:
        import openvino
    except ImportError as error:
        raise ConfigurationError(f"embedder.backend openvino needs the package openvino: {error}") from error
    return openvino


def _keep_tokenizers_to_one_thread() -> None:
    """A worker's threads are counted; by itself the package would take every core. It looks when it is first used."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _device(setting: str, torch: Any) -> str:
    if setting != "auto":
        return setting
    return "cuda" if torch.cuda.is_available() else "cpu"
