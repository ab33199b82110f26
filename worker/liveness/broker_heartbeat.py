"""Signs of life on the broker: which workers and bridges run, and which preparations each worker holds.

A worker that is killed leaves its last sign behind; whoever reads them tells by his own clock that it no longer changes.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import structlog
from redis.exceptions import RedisError

from worker.errors import BrokerUnavailable
from worker.ledger import SessionRef
from worker.settings import Settings
from worker.task_queue.broker import broker_client
from worker.task_queue.workflow import named_session, to_wire

log = structlog.get_logger()

_KEY = "groove-signs-of-life"
_INTERVAL_SECONDS = 1.0
_DEADLINE_SECONDS = 1.0
#: a sign older than this is that of a part that has died
_FRESH_MICROS = 60_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    #: unique in the stack, such as embedding@host
    part: str
    version: str
    #: microseconds, by the part's own clock
    at: int
    #: sessions whose preparation it has taken from the queue, begun or not
    held: tuple[SessionRef, ...] = ()

    def is_fresh(self, now: int) -> bool:
        """Good enough for people; a clock that is off makes a living part look dead."""
        return self.at > now - _FRESH_MICROS

    @property
    def kind(self) -> str:
        """Its name without the place: copies of one part have one kind."""
        return self.part.partition("@")[0]


class SignsOfLife:
    """Raises `BrokerUnavailable`."""

    def __init__(self, settings: Settings) -> None:
        self._client = broker_client(settings, deadline_seconds=_DEADLINE_SECONDS)

    def show(self, part: str, *, now: int, held: Sequence[SessionRef] = ()) -> None:
        """Replaces the part's earlier sign."""
        sign = {"version": version("groove-attribution"), "at": now}
        sessions = [[ref.session_id, to_wire(ref.version)] for ref in held]
        try:
            self._client.hset(_KEY, part, json.dumps(sign | {"held": sessions}))
        except RedisError as error:
            raise BrokerUnavailable(f"the broker does not answer: {error}") from error

    def remove(self, *parts: str) -> None:
        try:
            self._client.hdel(_KEY, *parts)
        except RedisError as error:
            raise BrokerUnavailable(f"the broker does not answer: {error}") from error

    def read(self) -> list[Sign]:
        """By name; those of dead parts too, until somebody removes them. One that cannot be read is as good as none."""
        try:
            found: dict[bytes, bytes] = self._client.hgetall(_KEY)  # type: ignore[assignment]  # the client's types speak of async too
        except RedisError as error:
            raise BrokerUnavailable(f"the broker does not answer: {error}") from error
        signs = (_sign(part.decode("utf-8", "replace"), text) for part, text in sorted(found.items()))
        return [sign for sign in signs if sign is not None]


@contextlib.contextmanager
def showing_life(
    settings: Settings, part: str, held: Callable[[], Sequence[SessionRef]] = lambda: ()
) -> Iterator[None]:
    """Within the block every second, from a thread: a worker that was told to stop lives on until its last task has ended.

    The first sign is given before the thread begins: whatever is imported on the way is imported then. A worker forks its children beside
    the thread, and a child born during an import waits for that import's lock for ever (`encodings.idna`, at the first name looked up).
    """
    signs, stopping = SignsOfLife(settings), threading.Event()
    _show(signs, part, held)
    thread = threading.Thread(target=_show_life, args=(signs, part, held, stopping), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        with contextlib.suppress(BrokerUnavailable):
            signs.remove(part)


def _show_life(
    signs: SignsOfLife, part: str, held: Callable[[], Sequence[SessionRef]], stopping: threading.Event
) -> None:
    while not stopping.wait(_INTERVAL_SECONDS):
        _show(signs, part, held)


def _show(signs: SignsOfLife, part: str, held: Callable[[], Sequence[SessionRef]]) -> None:
    with contextlib.suppress(BrokerUnavailable):  # it will hear the next one
        signs.show(part, now=time.time_ns() // 1000, held=held())


def _sign(part: str, text: bytes) -> Sign | None:
    """None for what another version wrote in another form, or a stranger."""
    try:
        document = json.loads(text)
        held = [named_session(session) for session in document["held"]]
        refs = tuple(SessionRef(session_id=id_, version=version) for id_, version in filter(None, held))
        return Sign(part=part, version=str(document["version"]), at=int(document["at"]), held=refs)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        log.debug("sign_not_read", part=part, error=type(error).__name__)
        return None
