"""Layer 1 over sessions whose payload is kept, under other settings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from worker.attribution.bundle import SessionContext
from worker.attribution.prepare import build_bundle
from worker.domain import Learning
from worker.errors import NotFound, Superseded
from worker.formats.heavy_event import read_heavy_event
from worker.ledger import Ledger, SessionRef
from worker.resources import Resources
from worker.store.api import StoreApi
from worker.store.shapes.upkeep import Reading
from worker.tasks.prepare import transcript_of


@dataclass(kw_only=True)
class Rereading:
    ledger: Ledger
    store: StoreApi
    #: under the other settings
    parts: Resources
    #: sessions whose payload is no longer kept
    left_out: int = field(default=0, init=False)

    @cached_property
    def sessions(self) -> list[SessionRef]:
        """All whose event is still kept."""
        found = self.ledger.retries.replay(since=0, dry_run=True)
        self.left_out += len(found.pruned)
        return found.sessions

    @cached_property
    def _learnings(self) -> dict[str, Learning]:
        return {learning.learning_id: learning for learning in self.store.plain_learnings()}

    def read(self, ref: SessionRef) -> Iterator[Reading]:
        """One for each record that the store has of the session."""
        learning_ids = [record.learning_id for record in self.store.records(ref.session_id)]
        if not learning_ids:
            return
        try:
            work = self.ledger.work.load_work(ref.session_id, ref.version)
        except (NotFound, Superseded):
            self.left_out += 1
            return
        event = read_heavy_event(work.payload, logged_at=work.logged_at)
        transcript = transcript_of(event, work)
        if transcript is None:
            return
        bundle = build_bundle(
            SessionContext(session_id=ref.session_id, version=ref.version, outcome=event.outcome),
            transcript,
            {learning_id: self._learnings[learning_id] for learning_id in learning_ids},
            embedder=self.parts.embedder,
            learning_vectors=self.parts.learning_vectors,
            calibration=self.parts.calibration,
            second_look=self.parts.second_look,
        )
        for learning_id in bundle.insights:
            found = self.parts.attributor.detector.detect(learning_id, bundle.insights, bundle.evidence)
            yield Reading(
                learning_id=learning_id,
                session_id=ref.session_id,
                activation_confidence=found.confidence,
                was_activated=found.was_activated,
                activation_points=found.points,
            )
