"""Sums are exact: they depend on the set of records alone, whatever happened on the way to it."""

import random
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import record, records

from worker.domain import AttributionRecord, LearningValue, Standing
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.statistics.sums import LearningSums, TemporalSums

Key = tuple[str, str]


class Ledger:
    """Applies records by upsert, as the store does: the replaced one out, the new one in."""

    def __init__(self) -> None:
        self.records: dict[Key, AttributionRecord] = {}
        self.sums: dict[str, LearningSums] = {}

    def upsert(self, new: AttributionRecord) -> None:
        self.remove((new.learning_id, new.session_id))
        self.records[new.learning_id, new.session_id] = new
        self.sums[new.learning_id] = self.sums.get(new.learning_id, LearningSums()) + LearningSums.of(new)

    def remove(self, key: Key) -> None:
        if old := self.records.pop(key, None):
            self.sums[old.learning_id] -= LearningSums.of(old)

    def values(self) -> list[LearningValue]:
        everybody = sum((sums.temporal for sums in self.sums.values()), TemporalSums())
        fleet = WeightedAggregator().fleet(list(self.sums.values()), everybody)
        return [
            WeightedAggregator().value(
                sums=self.sums.get(learning_id, LearningSums()),
                global_sums=everybody,
                fleet=fleet,
                standing=Standing(learning_id=learning_id),
                updated_at=0,
            )
            for learning_id in ("mine", "other")
        ]


def _after(given: Iterable[AttributionRecord]) -> Ledger:
    ledger = Ledger()
    for one in given:
        ledger.upsert(one)
    return ledger


def _distinct(given: list[AttributionRecord]) -> list[AttributionRecord]:
    return list({(one.learning_id, one.session_id): one for one in given}.values())


@given(st.lists(records, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_no_bit(given: list[AttributionRecord], random: random.Random) -> None:
    """Any order of the same records gives the same sums and the same values."""
    given = _distinct(given)
    shuffled = random.sample(given, len(given))
    assert _after(shuffled).sums == _after(given).sums
    assert _after(shuffled).values() == _after(given).values()


@given(st.lists(records, max_size=60), st.randoms(use_true_random=False))
def test_repeated_records_change_no_bit(given: list[AttributionRecord], random: random.Random) -> None:
    """Each record delivered up to three times, interleaved, is worth the same as once."""
    given = _distinct(given)
    repeated = [one for one in given for _ in range(random.randint(1, 3))]
    random.shuffle(repeated)
    assert _after(repeated).values() == _after(given).values()


@given(st.lists(records, max_size=60))
def test_many_records_in_one_pass_are_the_same_sums(given: list[AttributionRecord]) -> None:
    """As adding them one by one."""
    assert LearningSums.over(given, {}) == sum((LearningSums.of(one) for one in given), LearningSums())


@given(st.lists(records, max_size=60))
def test_a_replaced_record_leaves_no_trace(given: list[AttributionRecord]) -> None:
    """Whatever stood there before, only the last account of each session counts."""
    ledger = _after(given)
    untouched = _after(ledger.records.values())
    assert {key: sums for key, sums in ledger.sums.items() if sums != LearningSums()} == untouched.sums
    assert ledger.values() == untouched.values()


@given(st.lists(records, max_size=40))
def test_removing_every_record_leaves_nothing(given: list[AttributionRecord]) -> None:
    """Sums of an emptied learning equal those of one that never had a record."""
    ledger = _after(given)
    for key in list(ledger.records):
        ledger.remove(key)
    assert all(sums == LearningSums() for sums in ledger.sums.values())


@given(records)
def test_values_stay_in_their_ranges(one: AttributionRecord) -> None:
    """A single record already gives a finite value with a confidence in [0, 1]."""
    for value in _after([one]).values():
        assert -1 <= value.estimated_value <= 1
        assert 0 <= value.confidence <= 1
        assert 0 <= value.activation_rate <= 1


def test_only_randomised_sessions_are_in_the_arms() -> None:
    """Chances of 0 and 1 are no experiment; injected sessions count whether or not the learning was used."""
    assert LearningSums.of(record(probability=0.0)).arms == {}
    assert LearningSums.of(record(probability=1.0, withheld=True)).arms == {}
    assert LearningSums.of(record(probability=1e-9)).arms == {}
    assert LearningSums.of(record(activation=0.0)).n_randomised(was_withheld=False) == 1
    assert LearningSums.of(record(activation=0.9)).n_randomised(was_withheld=False) == 1


def test_a_withheld_session_is_no_observation() -> None:
    """What followed a use that happened although the learning was withheld says nothing about injecting it."""
    assert LearningSums.of(record(activation=0.9, positive=2.0, withheld=True)).temporal == TemporalSums()
