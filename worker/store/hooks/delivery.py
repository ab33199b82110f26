"""Decisions that hooks recorded, into the store; whoever is killed in between does it again, and the store knows them then."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from worker.formats.hook_spool import SpoolRecord
from worker.formats.limits import EARLIEST
from worker.store.hooks.records import HookRecords, KeptRecord, RecordState
from worker.store.hooks.seam import PolicyStore
from worker.store.shapes.assignments import MadeDecision, TakenDecision, TakenState

#: records in one request: others wait for the store meanwhile
_PORTION = 10
#: reasons that are remembered of one record
_REASONS = 3


def deliver(records: HookRecords, store: PolicyStore, *, now: int) -> int:
    """All that wait -> how many there were. Raises `StoreUnavailable`: the rest waits on.

    A decision that a hook dates after `now`, or before the year 2000, counts all the same: a wrong clock changes no draw.
    """
    delivered = 0
    while waiting := records.waiting(limit=_PORTION):
        try:
            _hand_in(records, store, waiting, now)
        except ValueError:
            for kept in waiting:  # one that is no decision at all must not keep the others from the store
                _hand_in_alone(records, store, kept, now)
        delivered += len(waiting)
    return delivered


def _hand_in(records: HookRecords, store: PolicyStore, waiting: Sequence[KeptRecord], now: int) -> None:
    made = [(kept, decision) for kept in waiting for decision in decisions_of(kept.record, now=now)]
    answers = store.take_decisions([decision for _, decision in made])
    beside = zip((kept for kept, _ in made), answers, strict=True)
    records.settle(
        _settled(kept, [answer for _, answer in group]) for kept, group in groupby(beside, key=lambda pair: pair[0])
    )


def _hand_in_alone(records: HookRecords, store: PolicyStore, kept: KeptRecord, now: int) -> None:
    try:
        _hand_in(records, store, [kept], now)
    except ValueError as error:
        records.settle([(kept, RecordState.REFUSED, str(error))])


def decisions_of(record: SpoolRecord, *, now: int) -> Iterator[MadeDecision]:
    for decision, learning_ids in (
        ("inject", record.injected),
        ("withhold", record.withheld),
        ("excluded", record.excluded),
    ):
        for learning_id in learning_ids:
            yield MadeDecision(
                session_id=record.session_id,
                learning_id=learning_id,
                decision=decision,
                withhold_probability=record.probabilities.get(learning_id, 0.0),
                policy_version=record.policy_version or "none",
                decided_at=max(EARLIEST, min(record.at, now)),
                conversation_id=record.conversation_id,
            )


def _settled(kept: KeptRecord, answers: list[TakenDecision]) -> tuple[KeptRecord, RecordState, str]:
    reasons = [f"{a.learning_id}: {a.reason}" for a in answers if a.state is TakenState.REFUSED]
    state = RecordState.REFUSED if reasons else RecordState.STORED
    return kept, state, "; ".join(reasons[:_REASONS])
