"""Sessions that come to assessment may be unlike all sessions: that is told, and may be weighed."""

import json
import random
from dataclasses import replace

from fixtures.store import learning, record, version
from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import record as plain
from unit.layers.worlds import records

from worker.domain import AttributionRecord, SessionBackground
from worker.layers.statistics.sums import MICRO, Adjustment, LearningSums
from worker.ledger.counts import HeardSession
from worker.operations.sampling import about_the_sampling
from worker.store.cozo.store import CozoStore


def heard(number: int, *, is_assessed: bool, bad: float) -> list[HeardSession]:
    """So many sessions of ten signals each, of which that share is bad."""
    found = []
    for at in range(number):
        name = f"{'a' if is_assessed else 'o'}{at}"
        chance = random.Random(name)
        kinds = ["correction" if chance.random() < bad else "positive" for _ in range(10)]
        signals = [{"type": kind, "pattern": "x", "confidence": 0.9} for kind in kinds]
        event = {"context": {"session_id": name}, "message_idx": 1, "signals": signals}
        found.append(HeardSession(session_id=name, is_assessed=is_assessed, payload=json.dumps(event).encode()))
    return found


def test_frustrated_sessions_that_are_assessed_more_often_are_noticed() -> None:
    """Their signals are worse than those of the others; the note says what to do."""
    finding = about_the_sampling([*heard(40, is_assessed=True, bad=0.7), *heard(60, is_assessed=False, bad=0.3)])
    assert (finding.is_note, finding.is_well) == (True, True)
    assert "sampling_probability" in finding.advice


def test_sessions_that_are_alike_are_no_news() -> None:
    """Nothing is advised."""
    finding = about_the_sampling([*heard(40, is_assessed=True, bad=0.4), *heard(60, is_assessed=False, bad=0.4)])
    assert (finding.is_note, finding.advice) == (False, "")


def test_of_a_few_sessions_nothing_is_said() -> None:
    """And what cannot be read is passed over."""
    broken = HeardSession(session_id="x", is_assessed=False, payload=b"{")
    assert "too few" in about_the_sampling([*heard(5, is_assessed=True, bad=1), broken]).detail


@given(records)
def test_a_record_that_stands_for_one_changes_nothing(one: AttributionRecord) -> None:
    """Not a bit of any sum."""
    assert LearningSums.of(one, Adjustment(weight=MICRO)) == LearningSums.of(one)


@given(st.sampled_from([2, 3, 10]), st.booleans())
def test_a_record_that_stands_for_several_weighs_as_much_as_they(times: int, withheld: bool) -> None:
    """Its means are theirs; the number of records stays one."""
    one = plain(activation=0.9, positive=1.0, withheld=withheld, probability=0.25)
    heavy = LearningSums.of(one, Adjustment(weight=times * MICRO))
    light = LearningSums.of(one)
    pairs = zip((heavy.with_, heavy.without), (light.with_, light.without), strict=True)
    assert [(of.w, of.wr, of.w2) for of, _ in pairs] == [
        (times * of.w, times * of.wr, times * times * of.w2) for of in (light.with_, light.without)
    ]
    assert (heavy.temporal.a, heavy.temporal.ab) == (times * light.temporal.a, times * light.temporal.ab)
    assert (heavy.n_records, heavy.temporal.n_act) == (light.n_records, light.temporal.n_act)


def test_values_follow_all_sessions_when_the_assessor_tells_its_chances() -> None:
    """All frustrated sessions are assessed and a quarter of the others: weighed, the mean is that of all."""
    store = CozoStore(None)
    store.import_learnings([learning("a")], actor="alex", now=1)
    for number in range(80):
        fails = number < 40
        background = SessionBackground(outcome=-1.0 if fails else 1.0, sampling_probability=1.0 if fails else 0.25)
        one = record("a", f"s{number}", withhold_probability=0.5, was_withheld=False, background=background)
        one = replace(one, session_outcome=-1.0 if fails else 1.0)
        store.finish_session(f"s{number}", version(1000), records=[one])
    store.refresh_values()
    sums = store._space._loaded.totals_of("a").sums  # type: ignore[union-attr]
    assert sums.with_.wr / sums.with_.w == 1000 * (160 - 40) / 200
    assert sums.with_.records == 80
    assert store.rebuild(repair=False) == []
    store.close()
