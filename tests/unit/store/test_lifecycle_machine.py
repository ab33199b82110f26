"""A learning's life in any order of evidence, people's decisions and edits, on the real store: who wins, and what is told."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from fixtures.store import learning, record, version
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from worker.domain import AttributionRecord, Decision, DecisionKind, LearningStatus, VerdictKind
from worker.errors import CannotUndo
from worker.store.cozo.history import fold
from worker.store.cozo.store import CozoStore
from worker.store.shapes.attempts import FinishedSession

MINE = "mine"
#: sessions of one experiment; a third of them withhold, enough for a verdict
SESSIONS = 100


class Decided(NamedTuple):
    is_disabled: bool
    is_pinned: bool
    epoch: int


class Life(RuleBasedStateMachine):
    """The model knows three things: whether the current epoch's records prove harm, what people decided, and what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(prefix="groove-life-")
        self.store = CozoStore(Path(self.folder.name) / "db")
        self.time = 1000
        self.experiments = 0
        #: epoch -> sessions of its experiments -> whether they speak of harm
        self.epochs: dict[int, dict[str, bool]] = {1: {}}
        self.epoch = 1
        self.is_disabled = self.is_pinned = False
        #: what people wrote: line -> (state before it, state after it)
        self.lines: dict[int, tuple[Decided, Decided]] = {}
        #: undo -> the line that it takes back
        self.undoes: dict[int, int] = {}
        #: session -> lines of MINE's log that its newest message tells as deprecations
        self.told: dict[str, list[int]] = {}
        #: line -> the one session that ever told it
        self.tellers: dict[int, str] = {}

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.store.import_learnings([learning(MINE), learning("other")], actor="alex", now=self.tick())

    @property
    def counted(self) -> dict[str, bool]:
        """Sessions of the current epoch's experiments -> whether they speak of harm."""
        return self.epochs[self.epoch]

    def decided(self) -> "Decided":
        return Decided(self.is_disabled, self.is_pinned, self.epoch)

    def begin_epoch(self) -> None:
        self.epoch = max(self.epochs) + 1
        self.epochs[self.epoch] = {}

    def tick(self) -> int:
        self.time += 1
        return self.time

    def publish(self, session_id: str, finished: FinishedSession) -> None:
        assert {decision.kind for decision in finished.deprecations} <= {DecisionKind.DEPRECATED}
        self.told[session_id] = [d.number for d in finished.deprecations if d.learning_id == MINE]
        for number in self.told[session_id]:
            assert self.tellers.setdefault(number, session_id) == session_id

    def store_session(self, session_id: str, *, number: int, is_harmful: bool) -> None:
        """Injected sessions fail and withheld ones succeed, or it makes no difference at all."""
        at = self.tick()
        one = _record(session_id, at, number=number, is_harmful=is_harmful)
        self.publish(session_id, self.store.finish_session(session_id, version(at), records=[one]))
        for sessions in self.epochs.values():
            sessions.pop(session_id, None)
        self.counted[session_id] = is_harmful

    def store_unrelated(self, session_id: str) -> None:
        at = self.tick()
        other = record("other", session_id, at)
        self.publish(session_id, self.store.finish_session(session_id, version(at), records=[other]))

    # -- evidence

    @precondition(lambda self: len(self.counted) < 3 * SESSIONS)
    @rule(is_harmful=st.booleans())
    def experiment(self, is_harmful: bool) -> None:
        """Brings enough evidence for any verdict."""
        self.experiments += 1
        for number in range(SESSIONS):
            self.store_session(f"e{self.experiments}-{number}", number=number, is_harmful=is_harmful)

    @precondition(lambda self: any(self.counted.values()))
    @rule()
    def correct(self) -> None:
        """All the sessions that spoke of harm come again in a newer version that does not."""
        for session_id in [session_id for session_id, is_harmful in self.counted.items() if is_harmful]:
            number = int(session_id.rpartition("-")[2])
            self.store_session(session_id, number=number, is_harmful=False)

    @rule()
    def one_bad_session(self) -> None:
        """It alone decides nothing."""
        self.experiments += 1
        before = self.status()
        self.store_session(f"e{self.experiments}-1", number=1, is_harmful=True)
        if not any(list(self.counted.values())[:-1]):
            assert self.status() is before

    @rule()
    def unrelated_session(self) -> None:
        self.store_unrelated(f"unrelated-{self.tick()}")

    @precondition(lambda self: any(self.told.values()))
    @rule()
    def again(self) -> None:
        """Whoever told a deprecation comes again in a newer version, with the same evidence."""
        for session_id in [session_id for session_id, lines in self.told.items() if lines]:
            kind, _, number = session_id.rpartition("-")
            if kind == "unrelated":
                self.store_unrelated(session_id)
            else:
                self.store_session(session_id, number=int(number), is_harmful=self.counted.get(session_id, True))

    # -- the server

    @rule()
    def restart(self) -> None:
        """All that was only in memory is gone."""
        self.store.close()
        self.store = CozoStore(Path(self.folder.name) / "db")

    # -- people

    @rule(kind=st.sampled_from(["DISABLED", "ENABLED", "PINNED", "UNPINNED"]))
    def decide(self, kind: str) -> None:
        before = self.decided()
        line = self.store.decide(MINE, DecisionKind[kind], actor="kim", reason=kind, now=self.tick())
        if kind == "ENABLED":
            self.begin_epoch()
        if kind in {"ENABLED", "DISABLED"}:
            self.is_disabled = kind == "DISABLED"
        if kind in {"PINNED", "UNPINNED"}:
            self.is_pinned = kind == "PINNED"
        self.lines[line.number] = (before, self.decided())

    @precondition(lambda self: self.lines)
    @rule(place=st.integers(min_value=0))
    def undo(self, place: int) -> None:
        """Any line that people wrote: taken back once, unless something else was decided since."""
        number = sorted(self.lines)[place % len(self.lines)]
        before, after = self.lines[number]
        now, length = self.decided(), len(self.store.get_decisions(MINE))
        if (undo := self.undone_by(number)) is not None:
            assert self.take_back(number).number == undo
            assert len(self.store.get_decisions(MINE)) == length
            return
        changed = [n for n, was, is_ in zip(now._fields, before, after, strict=True) if was != is_]
        if any(getattr(now, name) != getattr(after, name) for name in changed):
            with pytest.raises(CannotUndo):
                self.take_back(number)
            return
        line = self.take_back(number)
        undone = now._replace(**{name: getattr(before, name) for name in changed})
        self.is_disabled, self.is_pinned, self.epoch = undone
        self.lines[line.number] = (now, undone)
        self.undoes[line.number] = number

    def undone_by(self, number: int) -> int | None:
        """The undo of this line that stands: one that was itself taken back does not, until that is taken back too."""
        of_it = (undo for undo, undone in self.undoes.items() if undone == number)
        return next((undo for undo in of_it if self.undone_by(undo) is None), None)

    def take_back(self, number: int) -> Decision:
        return self.store.undo(MINE, number=number, actor="kim", reason="", now=self.tick())

    @rule()
    def edit(self) -> None:
        at = self.tick()
        self.store.import_learnings([learning(MINE, insight=f"Text number {at}.")], actor="kim", now=at)
        self.begin_epoch()

    # -- what always holds

    def status(self) -> LearningStatus:
        return self.store.get_learning_value(MINE).status

    @invariant()
    def people_win_and_the_rule_follows_the_records(self) -> None:
        """Disabled while a person says so; else Deprecated exactly while the current records prove harm and nobody pinned it."""
        if MINE not in self.store.get_learnings([MINE]):
            return
        value = self.store.get_learning_value(MINE)
        is_proven = value.verdict.kind is VerdictKind.REMOVE
        expected = LearningStatus.DEPRECATED if is_proven and not self.is_pinned else LearningStatus.ACTIVE
        assert value.status is (LearningStatus.DISABLED if self.is_disabled else expected)
        assert (value.session_count, value.epoch) == (len(self.counted), self.epoch)
        if all(self.counted.values()) and len(self.counted) >= SESSIONS:
            assert is_proven
        if sum(self.counted.values()) < 2:
            assert not is_proven

    @invariant()
    def the_standing_is_the_fold_of_the_log(self) -> None:
        """Whoever replays the lines finds what stands, and the sums are those of the records."""
        if MINE not in self.store.get_learnings([MINE]):
            return
        folded = fold(self.store.get_decisions(MINE))[-1]
        with self.store._space.reading() as memory:
            kept = memory.histories[MINE]
        assert (folded.standing, folded.turns) == (kept.standing, kept.turns)
        assert self.store.rebuild(repair=False) == []

    @invariant()
    def the_log_tells_the_status(self) -> None:
        """Its last line about the rule agrees with the status; one session's newest message tells the deprecation in force, or it waits."""
        if MINE not in self.store.get_learnings([MINE]):
            return
        lines = [decision.kind for decision in self.store.get_decisions(MINE)]
        told = [number for numbers in self.told.values() for number in numbers]
        assert {lines[number - 1] for number in self.tellers} <= {DecisionKind.DEPRECATED}
        if self.status() is LearningStatus.DEPRECATED:
            newest = len(lines) - lines[::-1].index(DecisionKind.DEPRECATED)
            assert DecisionKind.REACTIVATED not in lines[newest:]
            assert (newest in told) is (self.store.counts()["unpublished"] == 0)

    @invariant()
    def what_is_over_is_never_injected(self) -> None:
        """A disabled or deprecated learning is excluded from the next session, any other one takes part."""
        if MINE not in self.store.get_learnings([MINE]):
            return
        (answer,) = self.store.assign(f"asked-{self.tick()}", [MINE], now=self.time)
        is_over = self.status() in {LearningStatus.DISABLED, LearningStatus.DEPRECATED}
        assert (answer.decision == "excluded") == is_over


def _record(session_id: str, at: int, *, number: int, is_harmful: bool) -> AttributionRecord:
    withheld = number % 3 == 0
    outcome = (1.0 if withheld else -1.0) if is_harmful else (1.0 if number % 2 else -1.0)
    return record(MINE, session_id, at, withhold_probability=1 / 3, was_withheld=withheld, session_outcome=outcome)


Life.TestCase.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)
test_a_life_in_any_order = Life.TestCase


def _run(*steps: str) -> Life:
    life = Life()
    life.begin()
    for step in steps:
        name, _, argument = step.partition(" ")
        steps_of: dict[str, Callable[[], object]] = {
            "harm": lambda: life.experiment(is_harmful=True),
            "correct": life.correct,
            "bad-session": life.one_bad_session,
            "unrelated": life.unrelated_session,
            "again": life.again,
            "restart": life.restart,
            "decide": partial(life.decide, argument),
            "undo": partial(life.undo, int(argument) if argument.isdigit() else 0),
        }
        steps_of[name]()
        life.people_win_and_the_rule_follows_the_records()
        life.the_log_tells_the_status()
        life.what_is_over_is_never_injected()
    return life


def test_deprecation_never_overrides_a_disable() -> None:
    """Harm is proven before, after and again: what a person disabled stays disabled, and no deprecation is told."""
    life = _run("decide DISABLED", "harm", "unrelated", "bad-session")
    assert (life.status(), life.tellers) == (LearningStatus.DISABLED, {})
    life.teardown()


def test_an_enable_is_not_undone_by_the_next_event() -> None:
    """Deprecated, enabled by a person, then a bad session: it stays active, and the deprecation was told once."""
    life = _run("harm", "decide ENABLED", "bad-session", "unrelated")
    assert (life.status(), len(life.tellers)) == (LearningStatus.ACTIVE, 1)
    life.teardown()


def test_a_learning_that_recovers_is_not_stuck() -> None:
    """Deprecated, and its sessions come again without the harm: active, and assigned again."""
    life = _run("harm", "correct")
    assert (life.status(), len(life.tellers)) == (LearningStatus.ACTIVE, 1)
    life.teardown()


def test_a_newer_version_tells_again_what_still_stands() -> None:
    """Whatever session carried the deprecation: its newest message tells it, and no other's does."""
    life = _run("harm", "again", "unrelated", "restart", "again")
    assert life.status() is LearningStatus.DEPRECATED
    assert sum(map(len, life.told.values())) == 1
    life.teardown()


def test_a_deprecation_that_a_person_ended_is_not_told_again() -> None:
    """Enabled by a person since: the newer version of the session that told it tells nothing."""
    life = _run("decide PINNED", "harm", "decide UNPINNED", "unrelated", "decide ENABLED", "again")
    assert life.status() is LearningStatus.ACTIVE
    assert not any(life.told.values())
    life.teardown()


def test_an_undo_that_stands_again_is_the_answer() -> None:
    """Taken back, that taken back, and that too: whoever undoes the first line again is told of the first undo."""
    life = _run("decide DISABLED", "undo 0", "undo 1", "undo 2", "undo 0")
    assert life.status() is LearningStatus.ACTIVE
    life.teardown()


def test_an_undo_brings_the_evidence_back() -> None:
    """Deprecated, enabled, undone: deprecated by the records of before, and told by the next session."""
    life = _run("harm", "decide ENABLED", "bad-session", "undo 0", "unrelated", "again", "restart")
    assert life.status() is LearningStatus.DEPRECATED
    life.teardown()
