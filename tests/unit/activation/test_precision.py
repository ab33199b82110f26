"""Device and number format, and what embedding costs at import."""

import subprocess
import sys
from pathlib import Path

import pytest

from worker.embedder import VectorCache
from worker.embedder.precision import PrecisionSetting, choose_precision, processor_flags, processor_kind


@pytest.mark.parametrize(
    ("setting", "device", "flags", "speed_up", "chosen"),
    [
        ("auto", "cpu", {"amx_bf16", "avx512_bf16"}, None, "bfloat16"),
        ("auto", "cpu", {"avx512_bf16"}, 3.9, "bfloat16"),
        ("auto", "cpu", {"avx512_bf16"}, 0.65, "float32"),
        ("auto", "cpu", {"avx512f"}, None, "float32"),
        ("auto", "cpu", set(), None, "float32"),
        ("auto", "cuda", {"fast_float16"}, None, "float16"),
        ("auto", "cuda:1", set(), None, "float32"),
        ("auto", "mps", {"amx_bf16"}, None, "float32"),
        ("float32", "cuda:1", {"amx_bf16"}, None, "float32"),
        ("bfloat16", "cpu", set(), None, "bfloat16"),
    ],
)
def test_precision_follows_the_processor(
    setting: PrecisionSetting, device: str, flags: set[str], speed_up: float | None, chosen: str
) -> None:
    """Half precision only where it is known or measured to be faster, or where a person asks; None: nothing is measured."""

    def measured() -> float:
        assert speed_up is not None
        return speed_up

    assert choose_precision(setting, device, flags=frozenset(flags), speed_up=measured) == chosen


def test_the_processors_flags_are_read(tmp_path: Path) -> None:
    """By Linux' names; a system that does not say has none."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx512_bf16\n\nprocessor\t: 1\nflags\t\t: fpu\n")
    assert processor_flags(cpuinfo) >= {"fpu", "avx512_bf16"}
    assert processor_flags(tmp_path / "missing") == frozenset()


def test_the_processors_kind_is_what_decides_how_it_computes(tmp_path: Path) -> None:
    """Not its speed of the moment, nor which of the machine's processors is asked."""
    cpuinfo = tmp_path / "cpuinfo"
    shown = "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nstepping\t: 1\ncpu MHz\t: {}\n\n"
    cpuinfo.write_text(shown.format("2600.1") + shown.format("3100.7"))
    assert processor_kind(cpuinfo) == "AuthenticAMD/26/2/1/AMD EPYC"
    assert processor_kind(tmp_path / "missing") == ""


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
