"""Which number format to compute in, on which device.

bfloat16 pays on every processor that multiplies in it: with AMX, and with avx512_bf16 alone (benchmarks/results/embedding.md). The
processor's flags decide, not its speed of the moment: all workers on processors of one kind must choose alike, or values would depend on
who prepared a session. Elsewhere processors only imitate the format, and float32 stays.

On GPUs float16 pays where they have it at full speed: on NVIDIA's since Volta; one of the generation before can take 64 times as long.
"""

from pathlib import Path
from typing import Any, Literal

Precision = Literal["float32", "bfloat16", "float16"]
PrecisionSetting = Literal["auto", "float32", "bfloat16", "float16"]

_CPUINFO = Path("/proc/cpuinfo")
#: a processor with either of these flags computes in bfloat16
HAVE_BFLOAT16 = frozenset({"amx_bf16", "avx512_bf16"})
#: a GPU's flag, beside those that Linux has for processors
FAST_FLOAT16 = "fast_float16"
#: compute capability
_VOLTA = (7, 0)


def processor_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """What the processor can do, by Linux' names; nothing where the system does not say."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return frozenset(flag for name, _, value in pairs if name.strip() == "flags" for flag in value.split())


def gpu_flags(torch: Any, device: str) -> frozenset[str]:
    """`device` as torch names it ("cuda", "cuda:1")."""
    has_it = torch.cuda.get_device_capability(device) >= _VOLTA
    return frozenset({FAST_FLOAT16} if has_it else ())


def choose_precision(setting: PrecisionSetting, device: str, *, flags: frozenset[str]) -> Precision:
    """`device` as torch names it ("cpu", "cuda", "cuda:1", "mps"); `flags` are its own."""
    if setting != "auto":
        return setting
    if device.startswith("cuda"):
        return "float16" if FAST_FLOAT16 in flags else "float32"
    return "bfloat16" if device == "cpu" and flags & HAVE_BFLOAT16 else "float32"
