"""Finds preparations whose worker is gone, from the workers' heartbeats and a clock that is never set.

A worker counts as alive while its heartbeat changes. A session that was taken from the queue and is held by no living worker for a
while is lost: its worker was killed, or is frozen or cut off, and then what it still does changes nothing.
"""

from collections.abc import Iterable, Mapping

from worker.ledger import SessionRef
from worker.liveness.broker_heartbeat import Heartbeat


class LostPreparations:
    def __init__(self, *, seconds: float) -> None:
        """`seconds`: until an unchanged heartbeat means death, and as long again until what nobody holds is lost."""
        self._seconds = seconds
        self._looked_at = 0.0
        self._changed: dict[str, tuple[int, float]] = {}
        #: by session and when it was sent: what another sweeper has sent again is another matter
        self._unheld: dict[tuple[SessionRef, int], float] = {}

    def among(self, taken: Mapping[SessionRef, int], beats: Iterable[Heartbeat], now: float) -> list[SessionRef]:
        """Sessions that count as lost among those `taken` from the queue (-> when they were sent), at `now` (a clock that is never set).

        After a pause between two looks everything counts as just seen: perhaps no heartbeat came through either.
        """
        if now > self._looked_at + self._seconds:
            self._changed.clear()
            self._unheld.clear()
        self._looked_at = now
        held = {ref for beat in beats if self._is_alive(beat, now) for ref in beat.held}
        self._unheld = {sent: self._unheld.get(sent, now) for sent in taken.items() if sent[0] not in held}
        return [ref for (ref, _), since in self._unheld.items() if now >= since + self._seconds]

    def _is_alive(self, beat: Heartbeat, now: float) -> bool:
        last, since = self._changed.get(beat.part, (None, now))
        if beat.at != last:
            since = now
        self._changed[beat.part] = (beat.at, since)
        return now < since + self._seconds
