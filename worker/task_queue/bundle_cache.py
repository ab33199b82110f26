"""Prepared sessions, kept on the broker until their learnings are attributed; the last few also in this process."""

import re
from collections import OrderedDict
from collections.abc import Iterable

from redis import Redis

from worker.attribution.bundle import SessionBundle
from worker.domain import SessionVersion
from worker.errors import BundleGone
from worker.event_log.redis_scrubbing import scrub_files
from worker.task_queue.broker import broker_errors

#: bundles kept unpacked: consecutive tasks mostly belong to the same few sessions
_UNPACKED = 4
#: characters that mean something in the broker's patterns
_STEERING = re.compile(r"[*?\[\]^\\]")


class BundleCache:
    """Raises `BrokerUnavailable` when the broker does not answer."""

    def __init__(self, client: Redis, *, keep_seconds: int) -> None:
        self._client = client
        self._keep_seconds = keep_seconds
        self._unpacked: OrderedDict[str, SessionBundle] = OrderedDict()

    def put(self, bundle: SessionBundle) -> None:
        key = _key(bundle.context.session_id, bundle.context.version)
        with broker_errors():
            self._client.set(key, bundle.to_bytes(), ex=self._keep_seconds)

    def get(self, session_id: str, version: SessionVersion) -> SessionBundle:
        """Raises `BundleGone` when it was not kept this long, or the broker lost it."""
        key = _key(session_id, version)
        if key not in self._unpacked:
            self._unpacked[key] = SessionBundle.from_bytes(self._fetch(key))
            while len(self._unpacked) > _UNPACKED:
                self._unpacked.popitem(last=False)
        self._unpacked.move_to_end(key)
        return self._unpacked[key]

    def drop(self, session_id: str, version: SessionVersion) -> None:
        key = _key(session_id, version)
        self._unpacked.pop(key, None)
        with broker_errors():
            self._client.delete(key)

    def find(self, session_ids: Iterable[str]) -> list[bytes]:
        """Keys of whatever is kept of these sessions, in any version.

        Where an id ends like another one after a colon, that one's are among them: those sessions are prepared again.
        """
        with broker_errors():
            return [key for id_ in session_ids for key in self._client.scan_iter(match=_any_version(id_), count=1000)]

    def forget(self, session_ids: Iterable[str]) -> int:
        """Remove what is kept of these sessions -> how many bundles. What it was written with is left to `scrub`."""
        keys = self.find(session_ids)
        with broker_errors():
            return int(self._client.delete(*keys)) if keys else 0

    def scrub(self) -> bool:
        """What was deleted goes from the broker's files too -> whether that is done."""
        with broker_errors():
            return scrub_files(self._client)

    def _fetch(self, key: str) -> bytes:
        with broker_errors():
            data = self._client.get(key)
        if data is None:
            raise BundleGone("the prepared session is no longer kept")
        assert isinstance(data, bytes)
        return data


def _any_version(session_id: str) -> str:
    return "groove:bundle:*:" + _STEERING.sub(r"\\\g<0>", session_id)


def _key(session_id: str, version: SessionVersion) -> str:
    return f"groove:bundle:{version.attempt}:{version.event_id}:{session_id}"
