"""What the hooks' side needs of a store: a policy to decide by, and somebody who takes decisions. `StoreApi` is one over HTTP."""

from collections.abc import Callable, Sequence
from typing import Protocol

from worker.store.protocol import AttributionStore
from worker.store.shapes.assignments import MadeDecision, PublishedPolicy, TakenDecision
from worker.system.clock import now_micros


class PolicyStore(Protocol):
    """Both raise `StoreUnavailable`."""

    def publish_policy(self, learning_ids: Sequence[str]) -> PublishedPolicy: ...

    def take_decisions(self, decisions: Sequence[MadeDecision]) -> list[TakenDecision]: ...


class OwnStore(PolicyStore):
    """The store of this very process."""

    def __init__(self, store: AttributionStore, clock: Callable[[], int] = now_micros) -> None:
        self._store, self._clock = store, clock

    def publish_policy(self, learning_ids: Sequence[str]) -> PublishedPolicy:
        return self._store.publish_policy(list(learning_ids), now=self._clock())

    def take_decisions(self, decisions: Sequence[MadeDecision]) -> list[TakenDecision]:
        return self._store.take_decisions(list(decisions), now=self._clock())
