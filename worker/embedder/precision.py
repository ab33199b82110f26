"""Which number format to compute in, on which device.

bfloat16 pays on every processor with AMX. With avx512_bf16 alone it depends: a layer of all-MiniLM-L6-v2 was 4 times as fast as in float32
on one kind and slower on another, so there a short measurement decides: the first one on a processor of that kind, for every worker of a
deployment (`Remember`). Where processors have neither, torch only imitates the format, and float32 stays.

On GPUs float16 pays where they have it at full speed: on NVIDIA's since Volta; one of the generation before can take 64 times as long.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

Precision = Literal["float32", "bfloat16", "float16"]
PrecisionSetting = Literal["auto", "float32", "bfloat16", "float16"]

#: a name, and a measurement to take if nothing is known under it -> what was measured first under that name
Remember = Callable[[str, Callable[[], float]], float]

_CPUINFO = Path("/proc/cpuinfo")
#: how many times as fast as float32 it must be in bfloat16: a layer by torch, where what stands between the layers costs the same in both,
#: or the whole model by OpenVINO
WORTH_IT = 1.5


#: a GPU's flag, beside those that Linux has for processors
FAST_FLOAT16 = "fast_float16"
#: compute capability
_VOLTA = (7, 0)

#: a hypervisor often hides the name, but not these
_KIND = ("vendor_id", "cpu family", "model", "stepping", "model name")


def processor_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """What the processor can do, by Linux' names; nothing where the system does not say."""
    return frozenset(_first_processor(cpuinfo).get("flags", "").split())


def processor_kind(cpuinfo: Path = _CPUINFO) -> str:
    """Maker, family, model and stepping: two processors with the same answer compute alike. Empty where the system does not say."""
    known = _first_processor(cpuinfo)
    return "/".join(known[name] for name in _KIND if name in known)


def _first_processor(cpuinfo: Path) -> dict[str, str]:
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def gpu_flags(torch: Any, device: str) -> frozenset[str]:
    """`device` as torch names it ("cuda", "cuda:1")."""
    has_it = torch.cuda.get_device_capability(device) >= _VOLTA
    return frozenset({FAST_FLOAT16} if has_it else ())


def measure_always(_: str, measure: Callable[[], float]) -> float:
    """Remembers nothing."""
    return measure()


def choose_precision(
    setting: PrecisionSetting, device: str, *, flags: frozenset[str], speed_up: Callable[[], float]
) -> Precision:
    """`device` as torch names it ("cpu", "cuda", "cuda:1", "mps"), `flags` are its own; `speed_up` measures bfloat16 against float32."""
    if setting != "auto":
        return setting
    if device.startswith("cuda"):
        return "float16" if FAST_FLOAT16 in flags else "float32"
    if device != "cpu":
        return "float32"
    pays = "amx_bf16" in flags or ("avx512_bf16" in flags and speed_up() >= WORTH_IT)
    return "bfloat16" if pays else "float32"
