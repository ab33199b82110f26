"""What is done to a running stack. Each fault hurts once, heals what it must, and returns; a run calls it again and again."""

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable

import psutil

from chaos.stack import ChaosStack

#: needs root: the data folder gets a small disk of its own
DISK_FULL = "disk full for 5 s"

Fault = Callable[[ChaosStack, random.Random], None]


def _signal_one(stack: ChaosStack, chance: random.Random, part: str, how: signal.Signals) -> None:
    if found := stack.processes(part):
        victim = chance.choice(sorted(found, key=lambda process: process.pid))
        try:
            victim.send_signal(how)
        except psutil.NoSuchProcess:
            return


def kill(part: str) -> Fault:
    """Kill -9 of one process of the part."""
    return lambda stack, chance: _signal_one(stack, chance, part, signal.SIGKILL)


def terminate_group(stack: ChaosStack, chance: random.Random) -> None:
    """SIGTERM to a worker and its children at once, as a terminal or a container does."""
    if workers := stack.processes("worker"):
        try:
            os.killpg(os.getpgid(chance.choice(workers).pid), signal.SIGTERM)
        except ProcessLookupError:
            return


def freeze_store(stack: ChaosStack, _: random.Random) -> None:
    """The store does not answer for ten seconds."""
    for process in stack.processes("store"):
        process.suspend()
        time.sleep(10)
        process.resume()


def lose_broker(stack: ChaosStack, _: random.Random) -> None:
    """The broker dies and its data is gone: queues, vectors, and the embedded event log."""
    for process in stack.processes("broker"):
        process.kill()
        process.wait(10)
        stack.forget_broker()


def busy_ledger(stack: ChaosStack, _: random.Random) -> None:
    """Somebody holds the write lock of the SQLite ledger for eight seconds."""
    connection = sqlite3.connect(stack.folder / ".groove" / "ledger.sqlite", isolation_level=None, timeout=10)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(8)
    connection.execute("ROLLBACK")
    connection.close()


def fill_disk(stack: ChaosStack, _: random.Random) -> None:
    """Not a byte is left for five seconds; the run has put the data folder on a small disk of its own."""
    ballast = stack.folder / ".groove" / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    time.sleep(5)
    ballast.unlink()


def nothing(_: ChaosStack, __: random.Random) -> None:
    pass


#: name -> (what is done, how often in a run)
FAULTS: dict[str, tuple[Fault, int]] = {
    "nothing": (nothing, 0),
    "worker child kill -9": (kill("worker-child"), 6),
    "worker kill -9": (kill("worker"), 3),
    "bridge kill -9": (kill("bridge"), 4),
    "store kill -9": (kill("store"), 3),
    "broker kill -9": (kill("broker"), 3),
    "broker and its data lost": (lose_broker, 1),
    "SIGTERM to a worker's group": (terminate_group, 3),
    "store frozen for 10 s": (freeze_store, 1),
    "ledger busy for 8 s": (busy_ledger, 1),
    DISK_FULL: (fill_disk, 1),
}
