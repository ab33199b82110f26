"""Device and number format, and what embedding costs at import."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.embedder import VectorCache
from worker.embedder.precision import PrecisionSetting, choose_precision, has_amx_bf16


@pytest.mark.parametrize(
    ("setting", "device", "amx", "chosen"),
    [
        ("auto", "cpu", True, "bfloat16"),
        ("auto", "cpu", False, "float32"),
        ("auto", "cuda", False, "float16"),
        ("auto", "mps", True, "float32"),
        ("float32", "cuda:1", True, "float32"),
        ("bfloat16", "cpu", False, "bfloat16"),
    ],
)
def test_precision_follows_the_processor(setting: PrecisionSetting, device: str, amx: bool, chosen: str) -> None:
    """Half precision only where it is known to be faster, or where a person asks for it."""
    assert choose_precision(setting, device, amx_bf16=amx) == chosen


def test_avx512_bf16_alone_is_not_enough(tmp_path: Path) -> None:
    """Only amx_bf16 counts; a system that does not say has none."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags\t\t: fpu avx512_bf16\n")
    assert not has_amx_bf16(cpuinfo)
    cpuinfo.write_text("flags\t\t: fpu avx512_bf16 amx_bf16 amx_tile\n")
    assert has_amx_bf16(cpuinfo)
    assert not has_amx_bf16(tmp_path / "missing")


def test_a_learnings_text_is_embedded_once_and_on_its_own(embedder: object) -> None:
    """The cache asks for single texts, forgets the least recently used, and asks again for those."""
    cache = VectorCache(embedder, capacity=2)  # type: ignore[arg-type]  # the fixture's own class
    cache.embed(["a", "b", "a"])
    assert embedder.asked == [("a",), ("b",)]  # type: ignore[attr-defined]
    cache.embed(["b", "c", "b", "a"])
    assert embedder.asked[2:] == [("c",), ("a",)]  # type: ignore[attr-defined]


def test_light_workers_never_load_a_model_library() -> None:
    """Detector, bundle, transcripts and the embedder's own seam are imported without torch."""
    code = (
        "import sys, worker.embedder, worker.bundle, worker.layers.activation, worker.preparation, worker.calibrating, "
        "worker.transcripts; print(sorted({'torch', 'transformers', 'sentence_transformers', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
