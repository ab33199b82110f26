"""Where a learning helps and where it hurts: its experiment by project, harness and model of the sessions, each with its own interval.

What a session was is told by its event, for as long as the ledger keeps it; so the newest sessions are looked at. Each interval holds for
itself: of twenty groups without any effect one is expected to leave 0 outside.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from worker.domain import ExperimentResult
from worker.errors import InvalidEvent
from worker.formats.wire import read_json_object
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.statistics.sums import MICRO, MILLI, Cell, Count, LearningSums
from worker.ledger import Ledger
from worker.settings.layers import AblationParameters
from worker.store.api import StoreApi
from worker.store.shapes.learning import LeanRecord

#: randomised sessions that are looked at, the newest
MOST = 400
#: sessions that are known at most: some megabytes
_KNOWN = 20_000
#: a session -> what it was, by dimension
Known = dict[str, dict[str, str]]
_DIMENSIONS = {
    "project": ("project_id", "project"),
    "harness": ("harness_type", "harness"),
    "model": ("model",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Sessions that are alike in one dimension."""

    #: "project", "harness" or "model"
    dimension: str
    name: str
    sessions_with: int
    sessions_without: int
    #: None where an arm is empty
    result: ExperimentResult | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    #: by dimension, the largest group of each first; dimensions with a single group are left out
    groups: tuple[Group, ...]
    #: sessions that were looked at, and those of them whose event is no longer kept or says nothing
    sessions: int
    unknown: int

    @property
    def comparisons(self) -> int:
        return sum(group.result is not None for group in self.groups)


def breakdown(
    ledger: Ledger, store: StoreApi, parameters: AblationParameters, learning_id: str, *, known: Known
) -> Breakdown:
    """`known`: what earlier calls found out about sessions; it is added to."""
    if len(known) > _KNOWN:
        known.clear()
    arms = store.arms(learning_id)
    records = store.lean_records(learning_id, randomised=True, epoch=arms.epoch, limit=MOST).records
    _learn(ledger, [record.session_id for record in records if record.session_id not in known], known)
    ablation, fleet = ConservativeAblation(parameters), Fleet(variance=arms.fleet_variance)
    groups = [
        _group(dimension, name, members, ablation, fleet)
        for dimension in _DIMENSIONS
        for name, members in _alike(records, known, dimension)
    ]
    return Breakdown(
        groups=tuple(groups),
        sessions=len(records),
        unknown=sum(not known.get(record.session_id) for record in records),
    )


def _learn(ledger: Ledger, session_ids: Sequence[str], known: Known) -> None:
    """One whose event is gone is known as nothing."""
    known.update({session_id: {} for session_id in session_ids})
    for session_id, payload in ledger.history.payloads(session_ids):
        known[session_id] = dict(_told(payload))


def _told(payload: bytes) -> Iterator[tuple[str, str]]:
    try:
        document = read_json_object(payload)
    except InvalidEvent:
        return
    context = document.get("context")
    holders = [document, *([context] if isinstance(context, dict) else [])]
    for dimension, names in _DIMENSIONS.items():
        found = (_text(holder.get(name)) for holder in holders for name in names)
        if text := next(filter(None, found), ""):
            yield dimension, text


def _text(value: Any) -> str:
    """Groove writes `{"Other": NAME}` for what it has no word of its own for."""
    if isinstance(value, dict):
        value = next(iter(value.values()), "")
    return value if isinstance(value, str) else ""


def _alike(records: Iterable[LeanRecord], known: Known, dimension: str) -> list[tuple[str, list[LeanRecord]]]:
    found: dict[str, list[LeanRecord]] = {}
    for record in records:
        if name := known.get(record.session_id, {}).get(dimension):
            found.setdefault(name, []).append(record)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0])) if len(found) > 1 else []


def _group(
    dimension: str, name: str, records: Sequence[LeanRecord], ablation: ConservativeAblation, fleet: Fleet
) -> Group:
    sums = _sums(records)
    return Group(
        dimension=dimension,
        name=name,
        sessions_with=sums.n_randomised(was_withheld=False),
        sessions_without=sums.n_randomised(was_withheld=True),
        result=ablation.compute_marginal_value(sums, fleet),
    )


def _sums(records: Sequence[LeanRecord]) -> LearningSums:
    cells: dict[Cell, Count] = {}
    for record in records:
        cell = Cell(record.was_withheld, round(record.withhold_probability * MICRO), round(record.outcome * MILLI))
        was = cells.get(cell, Count(0, 0))
        cells[cell] = Count(was.records + 1, was.activated + record.was_used)
    return LearningSums(arms=cells)
