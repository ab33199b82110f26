"""The worlds that the simulation is run on, by name: the usual ones, worlds without harm, worst cases, and another generator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from simulated_company import make_company
from simulated_twists import Twist
from simulated_world import World, make_world

_NOTHING, _NO_HARM = (1.0, 0.0, 0.0), (0.78, 0.22, 0.0)
#: a rule that never holds: the level of the tests is looked at, not what follows from a removal
_NEVER_REMOVED = {"aggregation": {"deprecation_threshold": -1.0}}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    #: seed -> world, with the number of sessions as `n_sessions`
    make: Callable[..., World]
    twist: Twist = field(default_factory=Twist)
    #: settings that differ
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


USUAL = ("without", "medium", "strong")
SCENARIOS: dict[str, Scenario] = {
    "without": Scenario(make=partial(make_world, confounding=0.0)),
    "medium": Scenario(make=partial(make_world, confounding=1.0)),
    "strong": Scenario(make=partial(make_world, confounding=2.0)),
    "no-harm": Scenario(make=partial(make_world, confounding=1.0, shares=_NO_HARM)),
    "nothing": Scenario(make=partial(make_world, confounding=1.0, shares=_NOTHING)),
    "drift": Scenario(make=partial(make_world, confounding=1.0, shares=_NOTHING, drift=1.2, jump=0.6)),
    "adversary": Scenario(
        make=partial(make_world, confounding=1.0, shares=_NOTHING, drift=1.2, jump=0.6),
        twist=Twist(is_adversary=True),
        parameters=_NEVER_REMOVED,
    ),
    "opposite": Scenario(
        make=partial(make_world, confounding=1.0), twist=Twist(is_opposite=True), parameters=_NEVER_REMOVED
    ),
    "noise": Scenario(make=partial(make_world, confounding=1.0), twist=Twist(is_noise=True)),
    "closing": Scenario(make=partial(make_world, confounding=1.0), twist=Twist(closes_at=0.7)),
    "labels": Scenario(make=partial(make_world, confounding=1.0, random_labels=0.45)),
    "labels-nothing": Scenario(
        make=partial(make_world, confounding=1.0, shares=_NOTHING, random_labels=0.45), parameters=_NEVER_REMOVED
    ),
    "pairs": Scenario(make=partial(make_world, confounding=1.0, in_pairs=True)),
    "everywhere": Scenario(make=partial(make_world, confounding=1.0, n_learnings=30, everywhere=True)),
    "company": Scenario(make=make_company),
    "company-no-harm": Scenario(make=partial(make_company, harmful=0.0)),
}
