"""Everything again from the records alone: to check the stored sums, and to see what other settings would make of them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from worker.domain import AttributionRecord, EmbeddingSimilarity, LearningValue
from worker.layers.sums import LearningSums, TemporalSums
from worker.layers.temporal import attributed_value
from worker.parameters import ActivationParameters, LayerParameters
from worker.store.book import EpochKey, Totals, in_force, joined, read_global, temporal_columns, totals_row
from worker.store.database import CozoDatabase, Row, Transaction
from worker.store.history import History, history_of
from worker.store.layers import StoreLayers
from worker.store.lifecycle import value_of
from worker.store.protocol import SumDifference
from worker.store.rows import record_of

_SUMS_COLUMNS = (
    *("n_records", "n_injected", "n_contaminated", "n_mismatched"),
    *("n_act", "a", "ab", "a2", "a2b", "a2b2", "first_at", "newest_at"),
)
_TEMPORAL_COLUMNS = ("n_act", "a", "ab", "a2", "a2b", "a2b2")
#: a value counts as changed when one of these does
_WHAT_PEOPLE_SEE = (
    "estimated_value",
    "confidence",
    "status",
    "session_count",
    "activation_rate",
    "next_withhold_probability",
)


# --------------------------------------------------------------------- rebuild


def rebuild(transaction: Transaction, *, repair: bool) -> list[SumDifference]:
    """Compare the stored sums with those of the records; with `repair`, the records win."""
    stored = joined(transaction.read("all_sums"), transaction.read("all_arms"))
    true = _from_records(transaction)
    histories = [history_of(row) for row in transaction.read("all_standings")]
    stored_global = read_global(transaction.read("global_sums"))
    true_global = _global(histories, true)
    differences = [
        d for key in sorted(stored.keys() | true.keys()) for d in _differences(key, stored.get(key), true.get(key))
    ]
    differences += _named("", _TEMPORAL_COLUMNS, temporal_columns(stored_global), temporal_columns(true_global))
    if repair and differences:
        _repair(transaction, stored, true, true_global)
    return differences


def _from_records(transaction: Transaction) -> dict[EpochKey, Totals]:
    """One learning at a time: never more than its records in memory."""
    learning_ids = {row[0] for row in transaction.read("learnings_with_records")}
    true: dict[EpochKey, Totals] = {}
    for learning_id in learning_ids:
        for row in transaction.read("records_of_learning", learning_id=learning_id):
            key = (learning_id, row[13])
            true[key] = _with(true.get(key), record_of(row))
    return true


def _with(totals: Totals | None, record: AttributionRecord) -> Totals:
    if totals is None:
        return Totals(sums=LearningSums.of(record), first_at=record.timestamp, newest_at=record.timestamp)
    return Totals(
        sums=totals.sums + LearningSums.of(record),
        first_at=min(totals.first_at, record.timestamp),
        newest_at=max(totals.newest_at, record.timestamp),
    )


def _global(histories: list[History], totals: dict[EpochKey, Totals]) -> TemporalSums:
    keys = ((history.standing.learning_id, history.standing.epoch) for history in histories)
    return sum((totals[key].sums.temporal for key in keys if key in totals), TemporalSums())


def _differences(key: EpochKey, stored: Totals | None, true: Totals | None) -> Iterator[SumDifference]:
    was, is_ = stored or Totals(), true or Totals()
    yield from _named(key[0], _SUMS_COLUMNS, totals_row(key, was)[2:], totals_row(key, is_)[2:])
    for cell in sorted(was.sums.arms.keys() | is_.sums.arms.keys()):
        counts = was.sums.arms.get(cell), is_.sums.arms.get(cell)
        if counts[0] != counts[1]:
            yield SumDifference(
                learning_id=key[0], name=f"arm {tuple(cell)}", stored=str(counts[0]), recomputed=str(counts[1])
            )


def _named(learning_id: str, names: tuple[str, ...], stored: Row, true: Row) -> list[SumDifference]:
    return [
        SumDifference(learning_id=learning_id, name=name, stored=str(was), recomputed=str(is_))
        for name, was, is_ in zip(names, stored, true, strict=True)
        if was != is_
    ]


def _repair(
    transaction: Transaction, stored: dict[EpochKey, Totals], true: dict[EpochKey, Totals], true_global: TemporalSums
) -> None:
    transaction.write("rm_sums", [list(key) for key in stored.keys() - true.keys()])
    transaction.write("put_sums", [totals_row(key, totals) for key, totals in true.items()])
    cells = {(*key, *cell) for key, totals in true.items() for cell in totals.sums.arms}
    stale = [[*key, *cell] for key, t in stored.items() for cell in t.sums.arms if (*key, *cell) not in cells]
    transaction.write("rm_arms", stale)
    arms = [[*key, *cell, *count] for key, totals in true.items() for cell, count in totals.sums.arms.items()]
    transaction.write("put_arms", arms)
    transaction.overwrite("put_global_sums", [[0, *temporal_columns(true_global)]])


# --------------------------------------------------------------------- what if


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """Layers 2 to 4 again under other parameters, and of layer 1 the threshold: from stored records, without a model."""

    now: StoreLayers
    then: StoreLayers
    before: LayerParameters
    after: LayerParameters

    def changes(self, database: CozoDatabase) -> list[tuple[LearningValue, LearningValue]]:
        """(value now, value then) of the learnings for which something that people see would change."""
        histories = [history_of(row) for row in database.read("all_standings")]
        totals = joined(database.read("all_sums"), database.read("all_arms"))
        current = {h.standing.learning_id: in_force(h, totals) for h in histories}
        other = self._recomputed(database, histories, current)
        global_now = sum((t.sums.temporal for t in current.values()), TemporalSums())
        global_then = sum((t.sums.temporal for t in other.values()), TemporalSums())
        pairs = [
            (
                value_of(self.now, history, current[history.standing.learning_id], global_now),
                value_of(self.then, history, other[history.standing.learning_id], global_then),
            )
            for history in histories
        ]
        return [(was, would_be) for was, would_be in pairs if _differ(was, would_be)]

    def _recomputed(
        self, database: CozoDatabase, histories: list[History], current: dict[str, Totals]
    ) -> dict[str, Totals]:
        if self.before.activation == self.after.activation and self.before.temporal == self.after.temporal:
            return current
        return {h.standing.learning_id: self._again(database, h, current[h.standing.learning_id]) for h in histories}

    def _again(self, database: CozoDatabase, history: History, current: Totals) -> Totals:
        learning_id = history.standing.learning_id
        details = {row[0]: row[1] for row in database.read("details_of_learning", learning_id=learning_id)}
        arms: dict[str, LearningSums] = defaultdict(LearningSums)
        for row in database.read("records_of_learning", learning_id=learning_id):
            if row[13] == history.standing.epoch:
                arms[learning_id] += LearningSums.of(self.record_then(record_of(row, details.get(row[1]))))
        return replace(current, sums=arms[learning_id])

    def record_then(self, record: AttributionRecord) -> AttributionRecord:
        """The record that the session would have given."""
        confidence, activated, points = self._activation_then(record)
        found = self.then.temporal.correlate(points, record.signals) if activated else None
        return replace(
            record,
            activation_confidence=confidence,
            was_activated=activated,
            attributed_value=attributed_value(
                activation_confidence=confidence,
                bounded=found.bounded if found else 0.0,
                was_activated=activated,
                was_withheld=record.was_withheld,
            ),
        )

    def _activation_then(self, record: AttributionRecord) -> tuple[float, bool, tuple[int, ...]]:
        if self.before.activation == self.after.activation:
            return record.activation_confidence, record.was_activated, record.activation_points
        return reactivated(record, self.after.activation)


def reactivated(record: AttributionRecord, parameters: ActivationParameters) -> tuple[float, bool, tuple[int, ...]]:
    """(confidence, activated, points) under another threshold or boost (specification, *Layers* 1).

    Near misses below the floor in force when the record was made are not known any more.
    """
    signals = (*record.activation_signals, *record.activation_candidates)
    similarities = [s for s in signals if isinstance(s, EmbeddingSimilarity)]
    references = [s for s in signals if not isinstance(s, EmbeddingSimilarity)]
    confidence = record.activation_confidence
    if record.calibration == "raw" and similarities:
        confidence = min(1.0, max(s.score for s in similarities) + (parameters.reference_boost if references else 0.0))
    if confidence < parameters.similarity_threshold:
        return confidence, False, ()
    used = [s.message_idx for s in similarities if s.score >= parameters.similarity_threshold]
    return confidence, True, tuple(sorted({*used, *(s.message_idx for s in references)}))


def _differ(was: LearningValue, would_be: LearningValue) -> bool:
    return was.verdict.kind is not would_be.verdict.kind or any(
        getattr(was, name) != getattr(would_be, name) for name in _WHAT_PEOPLE_SEE
    )
