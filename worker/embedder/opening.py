"""Which embedder it is: OpenVINO's on processors, torch's on GPUs and wherever the other cannot be had."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import structlog

from worker.embedder.conversion import ConversionFailed
from worker.embedder.model_files import DEFAULT_MODEL, label_of, source_of
from worker.embedder.openvino_embedder import OpenVinoEmbedder
from worker.embedder.precision import HAVE_BFLOAT16, PrecisionSetting, processor_flags
from worker.embedder.protocol import Embedder
from worker.embedder.sentence_transformer import SentenceTransformerEmbedder

log = structlog.get_logger()

Backend = Literal["auto", "torch", "openvino"]

#: one of them is there where torch may find a GPU; to ask torch itself would load it
_GPU_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/kfd"), Path("/dev/dxg"))


def open_embedder(
    model: str | None = None,
    *,
    conversions: Path,
    backend: Backend = "auto",
    device: str = "auto",
    precision: PrecisionSetting = "auto",
    threads: int | None = None,
    batch_tokens: int | None = None,
) -> Embedder:
    """`conversions`: the folder for converted models; the rest as for `SentenceTransformerEmbedder`.

    "auto" goes on with torch, and says so in the log, when a model cannot be converted. Raises `ConfigurationError`: there is no such
    model, or "openvino" is asked for and cannot be had.
    """
    source = source_of(model or DEFAULT_MODEL)
    reason = "asked for" if backend == "torch" else _against_openvino(source, device, precision)
    if reason is None:
        try:
            assert isinstance(source, Path)
            converted = OpenVinoEmbedder(
                source,
                label=label_of(model or DEFAULT_MODEL),
                conversions=conversions,
                precision=precision,
                threads=threads,
                batch_tokens=batch_tokens,
            )
        except ConversionFailed as failed:
            reason = str(failed)
            log.warning("conversion_failed", reason=reason)
        else:
            log.info("embedding_backend", backend="openvino")
            return converted
    if backend == "openvino":
        raise ConversionFailed(f"embedder.backend openvino: {reason}")
    log.info("embedding_backend", backend="torch", reason=reason)
    return SentenceTransformerEmbedder(
        model, device=device, precision=precision, threads=threads, batch_tokens=batch_tokens
    )


def _against_openvino(source: Path | str, device: str, precision: PrecisionSetting) -> str | None:
    """What speaks against it; None: nothing."""
    reasons = {
        "the package openvino is not installed": find_spec("openvino") is None,
        f"embedder.model {source} is no folder": not isinstance(source, Path),
        f"embedder.device is {device}": device not in ("auto", "cpu"),
        "there may be a GPU (set embedder.device to cpu to leave it alone)": device == "auto" and _may_have_gpu(),
        "embedder.precision float16 is for GPUs": precision == "float16",
        "this processor has no bfloat16": precision == "bfloat16" and not processor_flags() & HAVE_BFLOAT16,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _may_have_gpu() -> bool:
    return any(path.exists() for path in _GPU_DEVICES)
