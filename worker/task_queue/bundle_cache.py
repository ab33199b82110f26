"""Prepared sessions, kept on the broker until their learnings are attributed; the last few also in this process."""

from collections import OrderedDict

from redis import Redis

from worker.attribution.bundle import SessionBundle
from worker.domain import SessionVersion
from worker.errors import BundleGone
from worker.task_queue.broker import broker_errors

#: bundles kept unpacked: consecutive tasks mostly belong to the same few sessions
_UNPACKED = 4


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

    def _fetch(self, key: str) -> bytes:
        with broker_errors():
            data = self._client.get(key)
        if data is None:
            raise BundleGone("the prepared session is no longer kept")
        assert isinstance(data, bytes)
        return data


def _key(session_id: str, version: SessionVersion) -> str:
    return f"groove:bundle:{version.attempt}:{version.event_id}:{session_id}"
