"""Device and number format, and what embedding costs at import."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.embedder import VectorCache
from worker.embedder.precision import PrecisionSetting, choose_precision, processor_flags


@pytest.mark.parametrize(
    ("setting", "device", "flags", "chosen"),
    [
        ("auto", "cpu", {"amx_bf16", "avx512_bf16"}, "bfloat16"),
        ("auto", "cpu", {"avx512_bf16"}, "bfloat16"),
        ("auto", "cpu", {"avx512f"}, "float32"),
        ("auto", "cpu", set(), "float32"),
        ("auto", "cuda", {"fast_float16"}, "float16"),
        ("auto", "cuda:1", set(), "float32"),
        ("auto", "mps", {"amx_bf16"}, "float32"),
        ("float32", "cuda:1", {"amx_bf16"}, "float32"),
        ("bfloat16", "cpu", set(), "bfloat16"),
    ],
)
def test_precision_follows_the_processor(setting: PrecisionSetting, device: str, flags: set[str], chosen: str) -> None:
    """Half precision only where the device computes in it, or where a person asks."""
    assert choose_precision(setting, device, flags=frozenset(flags)) == chosen


def test_the_processors_flags_are_read(tmp_path: Path) -> None:
    """By Linux' names; a system that does not say has none."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert processor_flags(cpuinfo) >= {"fpu", "avx512_bf16"}
    assert processor_flags(tmp_path / "missing") == frozenset()


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
        "import sys, worker.embedder, worker.attribution.bundle, worker.layers.activation.detector, "
        "worker.attribution.prepare, worker.attribution.fit_calibration, worker.formats.transcripts.messages; "
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
