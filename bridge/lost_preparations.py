"""Which preparations nobody holds any more, told by the signs of life of the workers and by this process's own clock.

A worker counts as alive while its sign changes. A session that was taken from the queue and is held by no living worker for a
while is lost: its worker was killed, or is frozen or cut off, and then what it still does changes nothing.
"""

from collections.abc import Iterable, Mapping

from worker.ledger import SessionRef
from worker.liveness.broker_heartbeat import Sign


class Silence:
    def __init__(self, *, seconds: float) -> None:
        """`seconds`: until an unchanged sign means death, and as long again until what nobody holds is lost."""
        self._seconds = seconds
        self._looked_at = 0.0
        self._changed: dict[str, tuple[int, float]] = {}
        #: by session and when it was sent: what another sweeper has sent again is another matter
        self._unheld: dict[tuple[SessionRef, int], float] = {}

    def lost(self, taken: Mapping[SessionRef, int], signs: Iterable[Sign], now: float) -> list[SessionRef]:
        """Of the sessions `taken` from the queue (-> when they were sent) those that count as lost at `now` (a clock that is never set).

        After a pause between two looks everything counts as just seen: perhaps the workers could not show life either.
        """
        if now > self._looked_at + self._seconds:
            self._changed.clear()
            self._unheld.clear()
        self._looked_at = now
        held = {ref for sign in signs if self._is_alive(sign, now) for ref in sign.held}
        self._unheld = {sent: self._unheld.get(sent, now) for sent in taken.items() if sent[0] not in held}
        return [ref for (ref, _), since in self._unheld.items() if now >= since + self._seconds]

    def _is_alive(self, sign: Sign, now: float) -> bool:
        last, since = self._changed.get(sign.part, (None, now))
        if sign.at != last:
            since = now
        self._changed[sign.part] = (sign.at, since)
        return now < since + self._seconds
