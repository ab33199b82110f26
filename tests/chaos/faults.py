"""What is done to a running stack. Each fault hurts once, heals what it must, and returns; a run calls it again and again."""

import os
import random
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from chaos.clock import PARTS, can_set_clocks
from chaos.parts import TAIL, Parts, PostgreSQLLedger
from chaos.stack import ChaosStack

Hurt = Callable[[ChaosStack, random.Random], None]

_BLOCKED_SECONDS = 8.0
_HOUR = 3600
#: a heavy event's command in the broker's append-only file
_PUBLISHED = re.compile(rb"\*\d+\r\n\$4\r\nXADD\r\n\$\d+\r\ngroove:log:groove\.assessment/heavy:")


@dataclass(frozen=True, kw_only=True)
class Fault:
    hurt: Hurt
    times: int = 1
    #: why it cannot be had on these parts, or on this machine; empty: it can
    missing: Callable[[Parts], str] = lambda _: ""
    #: what the event log loses: nothing, messages that were read and finished, or events on their way, which then come while it hurts
    loses_published: bool = False
    loses_events: bool = False
    #: some sessions have a learning whose id ends so
    poison: str = ""
    is_clocked: bool = False
    #: the data folder gets a small disk of its own
    has_small_disk: bool = False


def _one(stack: ChaosStack, chance: random.Random, part: str) -> psutil.Process:
    """Once there is one: it may have been killed a moment ago."""
    while not (found := stack.processes(part)):
        stack.wait(lambda: stack.processes(part), f"there is a {part}")
    return chance.choice(sorted(found, key=lambda process: process.pid))


def kill(part: str) -> Hurt:
    """Kill -9 of one process of the part."""
    return lambda stack, chance: stack.kill(_one(stack, chance, part))


def terminate_group(stack: ChaosStack, chance: random.Random) -> None:
    """SIGTERM to a worker and its children at once, as a terminal or a container does."""
    os.killpg(os.getpgid(_one(stack, chance, "worker").pid), signal.SIGTERM)


def freeze_store(seconds: float) -> Hurt:
    """The store does not answer for so long: a task waits for it for four seconds, and longer than its time limit when calls hang."""

    def hurt(stack: ChaosStack, chance: random.Random) -> None:
        process = _one(stack, chance, "store")
        process.suspend()
        time.sleep(seconds)
        process.resume()

    return hurt


def lose_broker(stack: ChaosStack, _: random.Random) -> None:
    """The broker dies and its disk is lost: queues, bundles, and the embedded event log."""
    stack.kill_broker(_empty)


def _empty(folder: Path) -> None:
    for file in sorted(folder.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()


def kill_log(stack: ChaosStack, _: random.Random) -> None:
    assert stack.parts.log is not None
    stack.parts.log.kill()


def lose_tail(stack: ChaosStack, chance: random.Random) -> None:
    """The event log dies, and the newest of what it had acknowledged is gone: messages that were read, and that were not."""
    if stack.parts.log is not None:
        stack.parts.log.lose_tail(chance)
    else:
        stack.kill_broker(lambda folder: _cut(folder, chance))


def _cut(broker: Path, chance: random.Random) -> None:
    """As a power cut leaves the append-only file: it ends before one of the last heavy events, and with it all that came later."""
    newest = max(broker.rglob("*.incr.aof"), key=lambda file: file.stat().st_mtime)
    places = [found.start() for found in _PUBLISHED.finditer(newest.read_bytes())]
    os.truncate(newest, places[-chance.randint(1, min(TAIL, len(places)))])


def block_ledger(stack: ChaosStack, _: random.Random) -> None:
    """Somebody holds the ledger's write lock (PostgreSQL: its tables)."""
    stack.parts.ledger.block(stack.folder, _BLOCKED_SECONDS)


def crash_ledger(stack: ChaosStack, _: random.Random) -> None:
    assert isinstance(stack.parts.ledger, PostgreSQLLedger)
    stack.parts.ledger.crash()


def fill_disk(stack: ChaosStack, _: random.Random) -> None:
    """Not a byte is left for five seconds."""
    ballast = stack.folder / ".groove" / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    time.sleep(5)
    ballast.unlink()


def set_clocks(seconds: int) -> Hurt:
    """Of all parts at once, just after a worker died with what it had in hand: what is lost was sent by the old time."""

    def hurt(stack: ChaosStack, chance: random.Random) -> None:
        stack.kill(_one(stack, chance, "worker"))
        assert stack.clocks is not None
        stack.clocks.set(seconds)

    return hurt


def set_one_clock(seconds: int) -> Hurt:
    """The same with one part's, as of a machine among several; the rest keep the time."""

    def hurt(stack: ChaosStack, chance: random.Random) -> None:
        assert stack.clocks is not None
        stack.clocks.set(0)
        stack.clocks.set(seconds, (chance.choice(PARTS[1:]),))
        stack.kill(_one(stack, chance, "worker"))

    return hurt


def nothing(_: ChaosStack, __: random.Random) -> None:
    pass


# ---------------------------------------------------------------- what cannot be had everywhere


def _needs_root(_: Parts) -> str:
    return "" if os.geteuid() == 0 else "needs root, for a small disk"


def _needs_compiler(_: Parts) -> str:
    return "" if can_set_clocks() else "needs Linux and a C compiler"


def _needs_own_log(parts: Parts) -> str:
    return "" if parts.log else "the embedded event log is the broker: see there"


def _needs_ledger_server(parts: Parts) -> str:
    return "" if isinstance(parts.ledger, PostgreSQLLedger) else "SQLite is no process"


def _clocked(hurt: Hurt, times: int = 1) -> Fault:
    return Fault(hurt=hurt, times=times, is_clocked=True, missing=_needs_compiler)


FAULTS: dict[str, Fault] = {
    "nothing": Fault(hurt=nothing, times=0),
    "worker child kill -9": Fault(hurt=kill("worker-child"), times=6),
    "worker kill -9": Fault(hurt=kill("worker"), times=3),
    "SIGTERM to a worker's group": Fault(hurt=terminate_group, times=3),
    "bridge kill -9": Fault(hurt=kill("bridge"), times=4),
    "store kill -9": Fault(hurt=kill("store"), times=3),
    "store frozen for 10 s": Fault(hurt=freeze_store(10)),
    "store frozen for 90 s": Fault(hurt=freeze_store(90)),
    "broker kill -9": Fault(hurt=kill("broker"), times=3),
    "broker and its data lost": Fault(hurt=lose_broker, loses_published=True),
    "event log kill -9": Fault(hurt=kill_log, times=3, missing=_needs_own_log),
    "event log loses its tail": Fault(hurt=lose_tail, times=2, loses_published=True, loses_events=True),
    "ledger busy for 8 s": Fault(hurt=block_ledger),
    "ledger kill -9": Fault(hurt=crash_ledger, times=3, missing=_needs_ledger_server),
    "disk full for 5 s": Fault(hurt=fill_disk, has_small_disk=True, missing=_needs_root),
    "clocks 1 h ahead": _clocked(set_clocks(_HOUR)),
    "clocks 1 h back": _clocked(set_clocks(-_HOUR)),
    "one clock 1 h ahead": _clocked(set_one_clock(_HOUR), 2),
    "one clock 1 h back": _clocked(set_one_clock(-_HOUR), 2),
    "a learning raises": Fault(hurt=nothing, times=0, poison="raises"),
    "a learning loops": Fault(hurt=nothing, times=0, poison="loops"),
    "a learning exhausts its memory limit": Fault(hurt=nothing, times=0, poison="swells"),
    "a learning kills its process": Fault(hurt=nothing, times=0, poison="kills"),
}
