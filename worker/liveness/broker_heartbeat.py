"""Heartbeats through the broker: which workers and bridges run, and which preparations each worker holds.

A worker that is killed leaves its last heartbeat behind; whoever reads them tells by his own clock that it no longer changes.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import structlog

from worker.errors import BrokerUnavailable
from worker.ledger import SessionRef
from worker.settings import Settings
from worker.system.clock import SECOND, now_micros
from worker.task_queue.broker import broker_client, broker_errors
from worker.task_queue.messages import named_session, to_wire

log = structlog.get_logger()

_KEY = "groove-signs-of-life"
_INTERVAL_SECONDS = 1.0
_DEADLINE_SECONDS = 1.0
#: a heartbeat older than this is that of a part that has died
_FRESH = 60 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    #: unique in the stack, such as embedding@host
    part: str
    version: str
    #: microseconds, by the part's own clock
    at: int
    #: sessions whose preparation it has taken from the queue, begun or not
    held: tuple[SessionRef, ...] = ()

    def is_fresh(self, now: int) -> bool:
        """Good enough for people; a clock that is off makes a living part look dead."""
        return self.at > now - _FRESH

    @property
    def kind(self) -> str:
        """The part's name without the place: copies of one part have one kind."""
        return self.part.partition("@")[0]


class Heartbeats:
    """Raises `BrokerUnavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._client = broker_client(settings, deadline_seconds=_DEADLINE_SECONDS)

    def beat(self, part: str, *, now: int, held: Sequence[SessionRef] = ()) -> None:
        """Replaces the part's earlier one."""
        beat = {"version": version("groove-attribution"), "at": now}
        sessions = [[ref.session_id, to_wire(ref.version)] for ref in held]
        with broker_errors():
            self._client.hset(_KEY, part, json.dumps(beat | {"held": sessions}))

    def remove(self, *parts: str) -> None:
        with broker_errors():
            self._client.hdel(_KEY, *parts)

    def read(self) -> list[Heartbeat]:
        """By name; those of dead parts too, until somebody removes them. One that cannot be read is as good as none."""
        with broker_errors():
            found: dict[bytes, bytes] = self._client.hgetall(_KEY)  # type: ignore[assignment]  # the client's types speak of async too
        beats = (_heartbeat(part.decode("utf-8", "replace"), text) for part, text in sorted(found.items()))
        return [beat for beat in beats if beat is not None]


@contextlib.contextmanager
def sending_heartbeats(
    settings: Settings, part: str, held: Callable[[], Sequence[SessionRef]] = lambda: ()
) -> Iterator[None]:
    """Within the block every second, from a thread: a worker that was told to stop lives on until its last task has ended.

    The first is sent before the thread begins: whatever is imported on the way is imported then. A worker forks its children beside
    the thread, and a child born during an import waits for that import's lock for ever (`encodings.idna`, at the first name looked up).
    """
    heartbeats, stopping = Heartbeats(settings), threading.Event()
    _beat(heartbeats, part, held)
    thread = threading.Thread(target=_beat_until, args=(heartbeats, part, held, stopping), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        with contextlib.suppress(BrokerUnavailable):
            heartbeats.remove(part)


def _beat_until(
    heartbeats: Heartbeats, part: str, held: Callable[[], Sequence[SessionRef]], stopping: threading.Event
) -> None:
    while not stopping.wait(_INTERVAL_SECONDS):
        _beat(heartbeats, part, held)


def _beat(heartbeats: Heartbeats, part: str, held: Callable[[], Sequence[SessionRef]]) -> None:
    with contextlib.suppress(BrokerUnavailable):  # it will hear the next one
        heartbeats.beat(part, now=now_micros(), held=held())


def _heartbeat(part: str, text: bytes) -> Heartbeat | None:
    """None for what another version wrote in another form, or a stranger."""
    try:
        document = json.loads(text)
        held = [named_session(session) for session in document["held"]]
        refs = tuple(SessionRef(session_id=id_, version=version) for id_, version in filter(None, held))
        return Heartbeat(part=part, version=str(document["version"]), at=int(document["at"]), held=refs)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        log.debug("heartbeat_not_read", part=part, error=type(error).__name__)
        return None
