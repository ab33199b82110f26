"""A detector for runs of the whole system that goes wrong on purpose: learnings whose ids say so raise, loop or kill their process."""

import os
import signal

from worker.bundle import SessionBundle
from worker.domain import Activation
from worker.layers.activation import HybridDetector
from worker.parameters import ActivationParameters


class PoisonousDetector:
    """What the ids end with decides; every other learning gets the real detector."""

    def __init__(self, parameters: ActivationParameters) -> None:
        self._real = HybridDetector(parameters)

    def detect(self, learning_id: str, session: SessionBundle) -> Activation:
        if learning_id.endswith("-raises"):
            raise RuntimeError("this learning is poisonous")
        if learning_id.endswith("-loops"):
            while True:
                pass
        if learning_id.endswith("-kills"):
            # what the kernel does to a process that exhausts the memory
            os.kill(os.getpid(), signal.SIGKILL)
        return self._real.detect(learning_id, session)
