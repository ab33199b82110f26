"""What happens to a learning over time: imported, edited, decided about by people, deprecated and brought back by the rule.

Every change is a line in the learning's decision log, written in the transaction that brings its cached value up to date.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from worker.domain import Decision, DecisionKind, LearningStatus, LearningValue, SessionVersion
from worker.layers.sums import TemporalSums
from worker.store.book import Book, Totals
from worker.store.database import Row, Transaction
from worker.store.history import EPOCH_BEGINNINGS, History, followed_by, history_of, history_row
from worker.store.layers import StoreLayers
from worker.store.rows import decision_row, value_row

RULE = "rule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """The session version whose message carries the transitions found; an unpublished one waits for the next session."""

    session_id: str
    version: SessionVersion


class Lifecycle:
    """One transaction's changes to histories and values. Reads histories once, writes each once, in `save`."""

    def __init__(self, transaction: Transaction, book: Book, layers: StoreLayers, *, now: int) -> None:
        self._transaction = transaction
        self._book = book
        self._layers = layers
        self._now = now
        self._histories: dict[str, History] = {}
        self._changed: set[str] = set()

    def load(self, learning_ids: Iterable[str]) -> dict[str, History]:
        """The histories of the known ones among them."""
        missing = [[learning_id] for learning_id in dict.fromkeys(learning_ids) if learning_id not in self._histories]
        if missing:
            found = map(history_of, self._transaction.read("standings", keys=missing))
            self._histories |= {history.standing.learning_id: history for history in found}
        return self._histories

    def begin(self, history: History) -> None:
        self._histories[history.standing.learning_id] = history

    def append(
        self,
        learning_id: str,
        kind: DecisionKind,
        *,
        actor: str,
        reason: str,
        value: LearningValue | None = None,
        cause: Cause | None = None,
    ) -> Decision:
        """One more line; a new epoch is entered in the book as well."""
        before = self._histories[learning_id]
        standing = before.standing
        begins = kind in EPOCH_BEGINNINGS
        decision = Decision(
            learning_id=learning_id,
            number=before.decisions + 1,
            timestamp=self._now,
            kind=kind,
            actor=actor,
            reason=reason,
            epoch=standing.epoch + begins,
            epoch_started_at=max(self._now, standing.epoch_started_at) if begins else standing.epoch_started_at,
            numbers=_numbers(value) if value else {},
            session_id=cause.session_id if cause else "",
            version=cause.version if cause else None,
        )
        if begins:
            self._book.replace_epoch(learning_id, old=standing.epoch, new=decision.epoch)
        self._histories[learning_id] = followed_by(before, decision)
        self._changed.add(learning_id)
        self._transaction.write("put_decision", [decision_row(decision)])
        return decision

    def values(self, learning_ids: Iterable[str]) -> dict[str, LearningValue]:
        """What each is worth by the sums in force; nothing is written."""
        return {learning_id: value for learning_id, (_, value) in self._computed(learning_ids).items()}

    def bring_up_to_date(self, learning_ids: Iterable[str], *, cause: Cause | None = None) -> list[LearningValue]:
        """Write the cached value and experiment of each, and a line in its log where its status has changed."""
        computed = self._computed(learning_ids)
        for learning_id, (_, value) in computed.items():
            self._note_transition(learning_id, value, cause)
        self._transaction.write("put_value", [value_row(value) for _, value in computed.values()])
        self._transaction.write(
            "put_experiment", [experiment_row(totals, value) for totals, value in computed.values()]
        )
        return [value for _, value in computed.values()]

    def refresh(self, cached: Mapping[str, Row]) -> int:
        """The same for every learning, writing only what differs from the cache -> how many did."""
        computed = self._computed(self._histories)
        changed = [value for learning_id, (_, value) in computed.items() if cached.get(learning_id) != value_row(value)]
        for value in changed:
            self._note_transition(value.learning_id, value, None)
        self._transaction.write("put_value", [value_row(value) for value in changed])
        self._transaction.write("put_experiment", [experiment_row(computed[v.learning_id][0], v) for v in changed])
        return len(changed)

    def totals(self, learning_id: str) -> Totals:
        return self._book.totals({learning_id: self._histories[learning_id].standing.epoch})[learning_id]

    def settle_status(self, learning_id: str, value: LearningValue) -> None:
        """A person's line has just explained the status, unless the rule adds to it."""
        if value.status is not LearningStatus.DEPRECATED:
            self._take_status(learning_id, value.status)

    def save(self) -> None:
        self._transaction.write(
            "put_standing", [history_row(self._histories[learning_id]) for learning_id in sorted(self._changed)]
        )

    def _computed(self, learning_ids: Iterable[str]) -> dict[str, tuple[Totals, LearningValue]]:
        asked = list(learning_ids)
        histories = self.load(asked)
        epochs = {learning_id: histories[learning_id].standing.epoch for learning_id in asked}
        if not epochs:
            return {}
        return {
            learning_id: (totals, value_of(self._layers, self._histories[learning_id], totals, self._book.global_sums))
            for learning_id, totals in self._book.totals(epochs).items()
        }

    def _note_transition(self, learning_id: str, value: LearningValue, cause: Cause | None) -> None:
        told = self._histories[learning_id].status
        if value.status is told:
            return
        kind = _TRANSITIONS.get((told, value.status)) or _TRANSITIONS[None, value.status]
        reason = value.status_reason or value.verdict.reason
        decision = self.append(learning_id, kind, actor=RULE, reason=reason, value=value, cause=cause)
        self._take_status(learning_id, value.status)
        if kind is DecisionKind.DEPRECATED and cause is None:
            self._transaction.write("put_unpublished", [[learning_id, decision.number]])

    def _take_status(self, learning_id: str, status: LearningStatus) -> None:
        self._histories[learning_id] = replace(self._histories[learning_id], status=status)
        self._changed.add(learning_id)


#: (status that the log tells of, status by the sums in force) -> line; None: whatever it told before
_TRANSITIONS: Mapping[tuple[LearningStatus | None, LearningStatus], DecisionKind] = {
    (None, LearningStatus.DEPRECATED): DecisionKind.DEPRECATED,
    (None, LearningStatus.EXPERIMENTAL): DecisionKind.TRIED,
    (None, LearningStatus.ACTIVE): DecisionKind.REACTIVATED,
    (LearningStatus.EXPERIMENTAL, LearningStatus.ACTIVE): DecisionKind.TRIAL_ENDED,
}


def value_of(layers: StoreLayers, history: History, totals: Totals, global_sums: TemporalSums) -> LearningValue:
    return layers.aggregation.value(
        sums=totals.sums, global_sums=global_sums, standing=history.standing, updated_at=totals.newest_at
    )


def experiment_row(totals: Totals, value: LearningValue) -> Row:
    """The published columns; an experiment that is not complete has no result."""
    done = value.experiment
    columns = [done.marginal_value, done.confidence, done.is_significant] if done else [None, None, None]
    return [value.learning_id, totals.first_at, "[]", "[]", *columns]


def _numbers(value: LearningValue) -> dict[str, float]:
    numbers = {
        "estimated_value": value.estimated_value,
        "confidence": value.confidence,
        "session_count": float(value.session_count),
        "sessions_with": float(value.sessions_with),
        "sessions_without": float(value.sessions_without),
    }
    if value.experiment:
        numbers |= {"marginal_value": value.experiment.marginal_value, "log_bf_harm": value.experiment.log_bf_harm}
    return numbers
