"""What became of one simulated world: every learning's story, the baseline's answer beside it; kept as a line of JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from simulated_team import Story
from simulated_world import Bools, Floats, Ints, World

from worker.settings.layers import LayerParameters


@dataclass(frozen=True, kw_only=True)
class Naive:
    """The baseline's answer for one world."""

    value: Floats
    was_deprecated: Bools


def naive(world: World, parameters: LayerParameters) -> Naive:
    """Running mean of the raw net over the sessions that used the learning, deprecated by the same threshold and confidence."""
    rule = parameters.aggregation
    value, deprecated = np.zeros(world.n_learnings), np.zeros(world.n_learnings, dtype=bool)
    for i in range(world.n_learnings):
        used = (world.learning == i) & world.uses
        n = np.arange(1, used.sum() + 1)
        if not len(n):
            continue
        mean = np.cumsum(world.positive[used] - world.negative[used]) / n
        confidence = 1 - 1 / (1 + np.log(n))
        over = (mean < rule.deprecation_threshold) & (confidence > rule.deprecation_confidence)
        value[i], deprecated[i] = mean[-1], over[n >= rule.min_sessions_for_deprecation].any()
    return Naive(value=value, was_deprecated=deprecated)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One world, read."""

    scenario: str
    seed: int
    stories: list[Story]
    naive: Naive
    #: of each session
    outcomes: Floats
    #: learnings withheld from it
    withheld: Ints

    @property
    def key(self) -> tuple[str, int]:
        return self.scenario, self.seed

    def to_json(self) -> str:
        document = asdict(self) | {"outcomes": self.outcomes.tolist(), "withheld": self.withheld.tolist()}
        document["naive"] = {"value": self.naive.value.tolist(), "was_deprecated": self.naive.was_deprecated.tolist()}
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> "Outcome":
        found = json.loads(line)
        return cls(
            scenario=found["scenario"],
            seed=found["seed"],
            stories=[Story(**story) for story in found["stories"]],
            naive=Naive(**{name: np.array(of) for name, of in found["naive"].items()}),
            outcomes=np.array(found["outcomes"]),
            withheld=np.array(found["withheld"]),
        )

    @property
    def truth(self) -> Floats:
        return np.array([story.truth for story in self.stories])

    @property
    def value(self) -> Floats:
        return np.array([story.estimated for story in self.stories])


def kept(results: Path | None) -> list[Outcome]:
    if results is None or not results.exists():
        return []
    return [Outcome.from_json(line) for line in results.read_text(encoding="utf-8").splitlines()]


def keep(results: Path | None, outcome: Outcome) -> None:
    if results is not None:
        with results.open("a", encoding="utf-8") as file:
            file.write(outcome.to_json() + "\n")
