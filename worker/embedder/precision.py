"""Which device and number format to compute in.

bfloat16 pays on a processor with AMX (2.7 times float32, measured with all-MiniLM-L6-v2) and costs on one that has avx512_bf16 alone
(0.65 times), so only `amx_bf16` decides; a short measurement could choose differently on two workers of one kind.
"""

from pathlib import Path
from typing import Literal

Precision = Literal["float32", "bfloat16", "float16"]
PrecisionSetting = Literal["auto", "float32", "bfloat16", "float16"]

_CPUINFO = Path("/proc/cpuinfo")


def has_amx_bf16(cpuinfo: Path = _CPUINFO) -> bool:
    """False where the system does not say."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and "amx_bf16" in line.split() for line in lines)


def choose_precision(setting: PrecisionSetting, device: str, *, amx_bf16: bool) -> Precision:
    """`device` as torch names it ("cpu", "cuda", "cuda:1", "mps")."""
    if setting != "auto":
        return setting
    if device.startswith("cuda"):
        return "float16"
    return "bfloat16" if device == "cpu" and amx_bf16 else "float32"
