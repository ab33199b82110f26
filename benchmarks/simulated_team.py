"""A simulated team at work, seen through the project's own layers: sessions assigned, attributed, added up, judged by their outlook."""

from dataclasses import dataclass, replace

import numpy as np
from simulated_twists import Twist, lot
from simulated_world import World

from worker.domain import (
    AttributionRecord,
    LearningStatus,
    LearningValue,
    SessionBackground,
    Standing,
    Verdict,
    VerdictKind,
)
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.aggregation.verdict import undecided
from worker.layers.outlook.design import Design, Entries
from worker.layers.outlook.features import SessionFeatures, presence
from worker.layers.outlook.fitting import fit
from worker.layers.outlook.models import Outlook, SessionOutlook
from worker.layers.outlook.residuals import arm_sums, expected_of
from worker.layers.statistics.sums import MICRO, MILLI, NO_ARM, LearningSums, TemporalSums
from worker.layers.temporal.correlation import attributed_value, bounded_net
from worker.layers.temporal.observation import Observation
from worker.settings.layers import LayerParameters
from worker.system.clock import DAY

#: sessions between two refreshes of what the fleet shares
REFRESH = 250
#: mean outcome of a hundred sessions that went well, for whoever sets the chances
_WELL = 0.1


@dataclass(kw_only=True)
class Story:
    """What happened to one learning."""

    truth: float
    was_deprecated: bool = False
    was_significant: bool = False
    #: the truth was outside the interval at some look after completion
    was_uncovered: bool = False
    is_complete: bool = False
    #: as of the last look
    was_seen: bool = False
    is_kept: bool = False
    is_harmful: bool = False
    estimated: float = 0.0
    #: the experiment's own
    shrunk: float = 0.0
    confidence: float = 0.0

    def look(self, value: LearningValue) -> None:
        self.was_seen = True
        self.estimated = value.estimated_value
        self.is_kept = value.verdict.kind is VerdictKind.KEEP
        self.is_harmful = value.verdict.kind in (VerdictKind.HARMFUL, VerdictKind.REMOVE)
        self.was_deprecated |= value.status is LearningStatus.DEPRECATED
        if value.experiment is None:
            return
        self.is_complete = True
        self.shrunk, self.confidence = value.experiment.shrunk_value, value.experiment.confidence
        self.was_significant |= value.experiment.is_significant
        self.was_uncovered |= not value.experiment.interval_low <= self.truth <= value.experiment.interval_high


class Past:
    """All sessions so far, as the refresh asks for them."""

    def __init__(self) -> None:
        self._sessions: list[tuple[str, int, tuple[str, ...], int]] = []
        self._rows: list[tuple[int, int, bool, int, int]] = []

    def add(
        self,
        name: str,
        day: int,
        levels: tuple[str, ...],
        records: list[tuple[int, bool]],
        chances: list[int],
        outcome: int,
    ) -> None:
        at = len(self._sessions)
        self._sessions.append((name, day, levels, outcome))
        self._rows += [(at, i, out, p, outcome) for (i, out), p in zip(records, chances, strict=True)]

    def design(self, presences: list[str], *, salt: str) -> Design:
        names, days, levels, outcomes = zip(*self._sessions, strict=True)
        session, learning, withheld, p_micro, outcome = np.array(self._rows, dtype=np.int64).T
        return Design.of(
            session_ids=names,
            timestamps=[day * DAY for day in days],
            outcomes=outcomes,
            levels=levels,
            weights=[MICRO] * len(names),
            presences=presences,
            entries=Entries(
                session, learning, withheld.astype(bool), np.zeros(len(session), dtype=bool), p_micro, outcome
            ),
            salt=salt,
        )


class WithoutForecasts(WeightedAggregator):
    """A forecast decides nothing, and takes most of the time."""

    def _undecided(self, sums: LearningSums, observation: Observation, fleet: Fleet, probability: float) -> Verdict:
        return undecided("not asked")


class Team:
    """The world, seen through the project's layers."""

    def __init__(self, world: World, parameters: LayerParameters, twist: Twist | None = None) -> None:
        self._twist = twist or Twist()
        self._world = world
        self._parameters = parameters
        self._ablation = ConservativeAblation(parameters.ablation)
        self._aggregator = WithoutForecasts(parameters, self._ablation)
        self._kappa = parameters.temporal.net_kappa
        n = world.n_learnings
        self._names = [f"learning-{i}" for i in range(n)]
        self._presences = [presence(name, 1) for name in self._names]
        self._standing = [Standing(learning_id=name) for name in self._names]
        self._sums = [LearningSums() for _ in range(n)]
        self._everybody = TemporalSums()
        self._fleet = Fleet()
        self._outlook = Outlook()
        self._past = Past()
        self._chance = [0.0] * n
        self._excluded = [False] * n
        self.outcomes: list[float] = []
        self.withheld: list[int] = []
        self.stories = [Story(truth=float(effect)) for effect in world.true_effect]
        for learning in range(n):
            self._chance[learning] = self._value(learning).next_withhold_probability

    def live(self) -> list[Story]:
        for session in range(len(self._world.hidden)):
            self._session(session)
            if session % REFRESH == REFRESH - 1:
                self._refresh()
        return self.stories

    def _refresh(self) -> None:
        parameters = self._parameters
        design = self._past.design(self._presences, salt=parameters.ablation.salt)
        self._outlook = fit(design, mode=parameters.outlook.mode, salt=parameters.ablation.salt)
        if twisted := self._twist.model:
            self._outlook = replace(
                self._outlook, models={key: twisted(of) for key, of in self._outlook.models.items()}
            )
        sums = arm_sums(design, expected_of(design, self._outlook)[0])
        self._sums = [
            replace(one, with_=sums.get((i, False), NO_ARM), without=sums.get((i, True), NO_ARM))
            for i, one in enumerate(self._sums)
        ]
        self._fleet = self._aggregator.fleet(self._sums, self._everybody)
        for learning in range(self._world.n_learnings):
            self._revalue(learning)

    def _session(self, session: int) -> None:
        entries = range(self._world.starts[session], self._world.starts[session + 1])
        learnings = [int(self._world.learning[entry]) for entry in entries]
        name = f"session-{session}"
        withheld = [self._is_withheld(i, name) for i in learnings]
        injected = [not self._excluded[i] and not left_out for i, left_out in zip(learnings, withheld, strict=True)]
        outcome = self._world.outcome(session, np.array(injected))
        self.outcomes.append(outcome)
        self.withheld.append(
            sum(left_out and not self._excluded[i] for i, left_out in zip(learnings, withheld, strict=True))
        )
        taking_part = [
            (entry, i, left_out)
            for entry, i, left_out in zip(entries, learnings, withheld, strict=True)
            if not self._excluded[i]
        ]
        outlook = self._remember(session, name, [(i, left_out) for _, i, left_out in taking_part], outcome)
        for entry, i, left_out in taking_part:
            record = self._record(entry, i, name, was_withheld=left_out, outcome=outcome)
            one = LearningSums.of(record, outlook.adjustment(self._names[i], 1))
            self._sums[i] += one
            self._everybody += one.temporal
        for _, i, _ in taking_part:
            self._revalue(i)

    def _remember(self, session: int, name: str, taking_part: list[tuple[int, bool]], outcome: float) -> SessionOutlook:
        """What was to be expected of the session, under the models in force."""
        chances = [round(self._chance[i] * MICRO) for i, _ in taking_part]
        levels = self._world.levels[session]
        if self._twist.is_noise:
            levels = (*levels, lot(name))
        day = session // self._world.sessions_a_day
        self._past.add(name, day, levels, taking_part, chances, round(outcome * MILLI))
        present = frozenset(self._presences[i] for i, left_out in taking_part if not left_out)
        background = SessionBackground(levels=levels, outcome=outcome)
        return self._outlook.of(SessionFeatures(name, day * DAY, background, present))

    def _is_withheld(self, learning: int, session_id: str) -> bool:
        return self._ablation.should_withhold(
            learning_id=self._names[learning], session_id=session_id, probability=self._chance[learning]
        )

    def _record(
        self, entry: int, learning: int, session_id: str, *, was_withheld: bool, outcome: float
    ) -> AttributionRecord:
        world = self._world
        was_activated = bool(world.uses_anyway[entry] if was_withheld else world.uses[entry])
        activation = float(world.activation[entry]) if was_activated else 0.3
        positive, negative = (
            (float(world.positive[entry]), float(world.negative[entry])) if was_activated else (0.0, 0.0)
        )
        return AttributionRecord(
            learning_id=self._names[learning],
            session_id=session_id,
            timestamp=0,
            was_activated=was_activated,
            activation_confidence=activation,
            activation_signals=(),
            temporal_positive=positive,
            temporal_negative=negative,
            net_temporal=positive - negative,
            was_withheld=was_withheld,
            session_outcome=outcome,
            attributed_value=attributed_value(
                activation_confidence=activation,
                bounded=bounded_net(positive, negative, kappa=self._kappa),
                was_activated=was_activated,
                was_withheld=was_withheld,
            ),
            withhold_probability=self._chance[learning],
        )

    def _value(self, learning: int) -> LearningValue:
        return self._aggregator.value(
            sums=self._sums[learning],
            global_sums=self._everybody,
            fleet=self._fleet,
            standing=self._standing[learning],
            updated_at=0,
        )

    def _revalue(self, learning: int) -> None:
        value = self._value(learning)
        self._chance[learning] = value.next_withhold_probability
        closes_at = self._twist.closes_at
        if closes_at is not None and value.experiment and value.experiment.confidence >= closes_at:
            self._chance[learning] = 0.0
        if self._twist.is_adversary:
            self._chance[learning] = 0.5 if sum(self.outcomes[-100:]) > _WELL * min(len(self.outcomes), 100) else 0.05
        self._excluded[learning] = value.status is LearningStatus.DEPRECATED
        self.stories[learning].look(value)
