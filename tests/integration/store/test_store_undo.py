"""Decisions taken back, on every kind of store: the standing, the epoch and every digit of the value are as before."""

from pathlib import Path

import pytest
from fixtures.store import attribute, learning, record, version

from worker.domain import Decision, DecisionKind, LearningStatus
from worker.errors import CannotUndo, NotFound
from worker.store.cozo.history import fold
from worker.store.cozo.store import CozoStore
from worker.store.protocol import AttributionStore

A, B = "learning-a", "learning-b"


@pytest.fixture(autouse=True)
def _known(store: AttributionStore) -> None:
    store.import_learnings([learning(A), learning(B)], actor="alex", now=1)


def decide(store: AttributionStore, kind: DecisionKind, now: int, reason: str = "") -> Decision:
    return store.decide(A, kind, actor="alex", reason=reason, now=now)


def undo(store: AttributionStore, now: int, number: int | None = None) -> Decision:
    return store.undo(A, number=number, actor="kim", reason="by mistake", now=now)


def experiment(store: AttributionStore, *, start: int = 1000, sessions: int = 40, prefix: str = "s") -> None:
    for number in range(sessions):
        one = record(
            A,
            f"{prefix}{number}",
            start + number,
            withhold_probability=0.5,
            was_withheld=number % 2 == 0,
            session_outcome=(-1.0) ** (number % 3),
        )
        store.store_attribution(one, version(start + number))


@pytest.mark.parametrize("kind", [DecisionKind.DISABLED, DecisionKind.PINNED, DecisionKind.TRIED, DecisionKind.ENABLED])
def test_what_is_undone_leaves_no_trace_in_the_value(store: AttributionStore, kind: DecisionKind) -> None:
    """Every digit is as before, whatever was decided; the log has both lines, each with who wrote it."""
    experiment(store)
    before, sums = store.get_learning_value(A), store.list_learning_values()
    line = decide(store, kind, 5000, "why")
    assert store.get_learning_value(A) != before
    undone = undo(store, 6000)
    assert store.get_learning_value(A) == before
    assert store.list_learning_values() == sums
    assert (undone.kind, undone.undoes, undone.actor, undone.reason) == (
        DecisionKind.UNDONE,
        line.number,
        "kim",
        "by mistake",
    )
    assert [d for d in store.get_decisions(A) if d.actor != "rule"][-2:] == [line, undone]
    assert store.rebuild(repair=False) == []


def test_a_disable_keeps_its_arms_when_it_is_undone(store: AttributionStore) -> None:
    """The button beside it, enable, begins anew; an undo does not."""
    experiment(store)
    decide(store, DecisionKind.DISABLED, 5000)
    assert undo(store, 6000).epoch == 1
    assert store.get_learning_value(A).session_count == 40
    decide(store, DecisionKind.DISABLED, 7000)
    decide(store, DecisionKind.ENABLED, 8000)
    assert store.get_learning_value(A).session_count == 0


def test_an_enable_that_is_undone_gives_the_old_epoch_back(store: AttributionStore) -> None:
    """Disabled again, with the arms of before; records of the time between stay where they were, and the next epoch is a new one."""
    experiment(store)
    decide(store, DecisionKind.DISABLED, 5000, "annoying")
    disabled = store.get_learning_value(A)
    decide(store, DecisionKind.ENABLED, 6000)
    attribute(store, "between", A, timestamp=6500)
    undo(store, 7000)
    assert store.get_learning_value(A) == disabled
    assert (disabled.status, disabled.status_reason) == (LearningStatus.DISABLED, "annoying")
    attribute(store, "late", A, timestamp=6600)
    assert store.get_learning_value(A).session_count == 40
    attribute(store, "after", A, timestamp=7500)
    assert store.get_learning_value(A).session_count == 41
    epochs = {one.session_id: one.epoch for one in store.get_attributions_for_learning(A)}
    assert [epochs[name] for name in ("s0", "between", "late", "after")] == [1, 2, 2, 1]
    assert decide(store, DecisionKind.ENABLED, 8000).epoch == 3
    assert store.get_learning_value(A).session_count == 0
    assert store.rebuild(repair=False) == []


def test_asking_twice_changes_nothing(store: AttributionStore) -> None:
    """A double click, and whoever names the same line once more, get the line that stands there."""
    decide(store, DecisionKind.PINNED, 10)
    disabled = decide(store, DecisionKind.DISABLED, 20)
    undone = undo(store, 30)
    lines = store.get_decisions(A)
    assert undo(store, 40) == undone
    assert undo(store, 50, disabled.number) == undone
    assert store.get_decisions(A) == lines
    assert store.get_learning_value(A).pinned


def test_an_undo_is_undone_by_its_number(store: AttributionStore) -> None:
    """The decision is in force again, and can be taken back once more."""
    experiment(store)
    active = store.get_learning_value(A)
    enabled = decide(store, DecisionKind.ENABLED, 5000)
    fresh = store.get_learning_value(A)
    first = undo(store, 6000)
    again = undo(store, 7000, first.number)
    assert (again.undoes, again.epoch) == (first.number, 2)
    assert store.get_learning_value(A) == fresh
    once_more = undo(store, 8000, enabled.number)
    assert once_more.number > again.number
    assert store.get_learning_value(A) == active


def test_older_decisions_are_undone_by_their_number(store: AttributionStore) -> None:
    """What another line has changed since stays; what it has decided otherwise must be undone first."""
    pinned = decide(store, DecisionKind.PINNED, 10)
    disabled = decide(store, DecisionKind.DISABLED, 20, "no")
    undo(store, 30, pinned.number)
    value = store.get_learning_value(A)
    assert (value.pinned, value.status, value.status_reason) == (False, LearningStatus.DISABLED, "no")
    enabled = decide(store, DecisionKind.ENABLED, 40)
    with pytest.raises(CannotUndo, match="something else was decided since"):
        undo(store, 50, disabled.number)
    store.import_learnings([learning(A, insight="Another text.")], actor="alex", now=60)
    with pytest.raises(CannotUndo, match="something else was decided since"):
        undo(store, 70, enabled.number)


def test_a_disable_is_undone_after_an_edit(store: AttributionStore) -> None:
    """It counts again, in the epoch of the new text."""
    disabled = decide(store, DecisionKind.DISABLED, 20)
    store.import_learnings([learning(A, insight="Another text.")], actor="alex", now=30)
    assert undo(store, 40, disabled.number).epoch == 2
    assert store.get_learning_value(A).status is LearningStatus.ACTIVE


def test_what_cannot_be_undone_says_so(store: AttributionStore) -> None:
    """An import, a line of the rule's, a line that is not there, a learning that nobody knows."""
    with pytest.raises(CannotUndo, match="nobody decided anything"):
        undo(store, 10)
    with pytest.raises(CannotUndo, match=r"line 1 \(imported\) is no decision of a person's"):
        undo(store, 10, 1)
    with pytest.raises(NotFound, match="there is no line 99: its history has 1"):
        undo(store, 10, 99)
    with pytest.raises(NotFound):
        store.undo("x", number=None, actor="kim", reason="", now=1)
    assert len(store.get_decisions(A)) == 1


def test_a_clock_that_was_set_back_mixes_no_epochs(store: AttributionStore) -> None:
    """Each turn lies behind the one before, so that every moment has one epoch."""
    enabled = decide(store, DecisionKind.ENABLED, 5000)
    undone = undo(store, 10)
    again = undo(store, 10, undone.number)
    assert enabled.epoch_started_at < undone.epoch_started_at < again.epoch_started_at
    attribute(store, "s", A, timestamp=6000)
    assert store.get_learning_value(A).session_count == 1


def test_the_standing_is_the_fold_of_the_log(tmp_path: Path) -> None:
    """After a restart, and by replaying the lines alone: the same standing, epochs and turns."""
    store = CozoStore(tmp_path / "kept")
    store.import_learnings([learning(A)], actor="alex", now=1)
    for now, kind in enumerate((DecisionKind.TRIED, DecisionKind.ENABLED, DecisionKind.DISABLED), 2):
        decide(store, kind, now * 10, f"reason {now}")
    undone = undo(store, 100)
    enabled = undo(store, 110, 3)
    undo(store, 120, enabled.number)
    undo(store, 130, undone.number)
    with store._space.reading() as memory:
        kept = memory.histories[A]
    store.close()
    again = CozoStore(tmp_path / "kept")
    with again._space.reading() as memory:
        assert memory.histories[A] == kept
    folded = fold(again.get_decisions(A))[-1]
    assert (folded.standing, folded.turns) == (kept.standing, kept.turns)
    again.forget_learning(A, dry_run=False)
    again.import_learnings([learning(A)], actor="alex", now=200)
    with again._space.reading() as memory:
        assert memory.histories[A].turns == [(200, 1)]
    again.close()


def test_several_are_decided_about_and_taken_back_together(store: AttributionStore) -> None:
    """Each gets its line, once; where one of them is unknown none gets any. Undo brings each back, and names what stays."""
    before = store.list_learning_values()
    lines = store.decide_together([A, B, A], DecisionKind.DISABLED, actor="alex", reason="both", now=5000)
    assert [(line.learning_id, line.reason) for line in lines] == [(A, "both"), (B, "both")]
    assert {value.status for value in store.list_learning_values()} == {LearningStatus.DISABLED}
    logs = {id_: store.get_decisions(id_) for id_ in (A, B)}
    with pytest.raises(NotFound):
        store.decide_together([A, "nobody"], DecisionKind.PINNED, actor="alex", reason="", now=5001)
    with pytest.raises(NotFound):
        store.undo_together({A: None, B: 99}, actor="kim", reason="", now=5002)
    assert {id_: store.get_decisions(id_) for id_ in (A, B)} == logs
    store.decide(B, DecisionKind.ENABLED, actor="kim", reason="", now=5003)
    undone = store.undo_together({line.learning_id: line.number for line in lines}, actor="kim", reason="", now=6000)
    assert [line.learning_id for line in undone.decisions] == [A]
    assert list(undone.refused) == [B]
    assert store.get_learning_value(A) in before
    again = store.undo_together({A: None, B: 1}, actor="kim", reason="", now=7000)
    assert again.decisions == undone.decisions
    assert list(again.refused) == [B]
    assert store.rebuild(repair=False) == []
