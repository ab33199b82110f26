"""A detector for runs of the whole system that goes wrong on purpose: learnings whose ids say so raise, loop or take all memory."""

import os
import resource
import signal
from collections.abc import Mapping
from pathlib import Path

from worker.domain import Activation
from worker.layers.activation.detector import HybridDetector
from worker.layers.activation.evidence import SessionEvidence
from worker.settings.layers import ActivationParameters

#: how an id ends -> what the reason of the failed learning says
REASONS = {
    "raises": "this learning is poisonous",
    "loops": "time limit",
    "swells": "MemoryError",
    "kills": "the worker process",
}
_LIMIT = 64 * 2**20


class PoisonousDetector:
    """What the ids end with decides; every other learning gets the real detector."""

    def __init__(self, parameters: ActivationParameters) -> None:
        self._real = HybridDetector(parameters)

    def detect(self, learning_id: str, insights: Mapping[str, str], evidence: SessionEvidence) -> Activation:
        if learning_id.endswith("-raises"):
            raise RuntimeError("this learning is poisonous")
        if learning_id.endswith("-loops"):
            while True:
                pass
        if learning_id.endswith("-swells"):
            _take_all_memory()
        if learning_id.endswith("-kills"):
            # what the kernel does to a process that exhausts the machine's memory
            os.kill(os.getpid(), signal.SIGKILL)
        return self._real.detect(learning_id, insights, evidence)


def _take_all_memory() -> None:
    """Until the process's own limit (`ulimit -v`), which is set a little above what it has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _LIMIT, before[1]))
    try:
        taken: list[bytes] = []
        while True:
            taken.append(bytes(2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
