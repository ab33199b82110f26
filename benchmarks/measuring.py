"""What the benchmarks share: medians with spread, processor time by part, and results as JSON and one plot."""

import json
import os
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from worker.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
#: in the path of a mapped file; triton comes with the CUDA build alone
_GPU_FILES = re.compile(r"cuda|nvidia|triton|libcu|libnv")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median=statistics.median(values), low=min(values), high=max(values))


def tell(name: str, spread: Spread, unit: str, note: str = "") -> None:
    print(
        f"{name:44} {spread.median:9.1f} {unit:10} ({spread.low:.1f}–{spread.high:.1f})   {note}".rstrip(), flush=True
    )


def tell_ratio(name: str, spread: Spread, target: float, *, at_most: bool = False) -> None:
    is_met = spread.median <= target if at_most else spread.median >= target
    sign, verdict = "≤" if at_most else "≥", "met" if is_met else "MISSED"
    print(
        f"{name:44} {spread.median:9.2f}            ({spread.low:.2f}–{spread.high:.2f})   target {sign} {target:g}: {verdict}",
        flush=True,
    )


def machine() -> dict[str, Any]:
    """Where and beside what this was measured: a load above 0 before the start is somebody else's."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_before": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def save(name: str, report: dict[str, Any], folder: Path = RESULTS) -> Path:
    """-> the path of the JSON file, for a plot beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    text = json.dumps(
        report, indent=1, default=lambda value: asdict(value) if isinstance(value, Spread) else str(value)
    )
    path.write_text(text + "\n", encoding="utf-8")
    return path


@contextmanager
def fresh_settings(**environ: str) -> Iterator[Settings]:
    """The defaults and `environ` alone, in a folder that is gone afterwards; our own environment says the same to child processes."""
    for name in [name for name in os.environ if name.startswith("GROOVE_") and not name.startswith("GROOVE_TEST_")]:
        del os.environ[name]
    os.environ["GROOVE_LOG__LEVEL"] = "info"
    os.environ.update(environ)
    with tempfile.TemporaryDirectory(prefix="groove-bench-") as folder:
        os.environ["GROOVE_DATA_DIR"] = folder
        # a groove.toml that lies about is none of ours
        os.environ["GROOVE_CONFIG"] = os.devnull
        yield load_settings(os.environ)


class Usage:
    """What each part (process tree, by name) uses of the machine."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids

    def cpu_seconds(self) -> dict[str, float]:
        """Spent so far; fair beside strangers, as waiting does not count."""
        return {name: sum(_seconds(process) for process in _tree(pid)) for name, pid in self._pids.items()}

    def resident_mb(self) -> dict[str, float]:
        """Of each part's largest process."""
        return {name: _largest(pid).memory_info().rss / 2**20 for name, pid in self._pids.items()}

    def for_gpus_mb(self) -> dict[str, float]:
        """Of that, libraries for GPUs, which torch's build for CPUs does not have."""
        return {
            name: sum(area.rss for area in _largest(pid).memory_maps() if _GPU_FILES.search(area.path)) / 2**20
            for name, pid in self._pids.items()
        }


def _largest(pid: int) -> psutil.Process:
    return max(_tree(pid), key=lambda process: process.memory_info().rss)


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def spent(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in before}


def wait_until(
    is_done: Callable[[], bool],
    *,
    within: float,
    look_every: float = 0.01,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """In seconds. Raises `TimeoutError`."""
    until = time.perf_counter() + within
    while not is_done():
        meanwhile()
        if time.perf_counter() > until:
            raise TimeoutError(f"not done after {within:g} s")
        time.sleep(look_every)


def own_seconds() -> float:
    times = os.times()
    return times.user + times.system
