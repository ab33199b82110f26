"""A simulated team with known effects: what each session would see, drawn before any decision is taken.

200 learnings, 70 % without effect, 20 % helpful, 10 % harmful, effects uniform up to 0.5; sessions with 5 to 30 eligible ones, some
learnings far more often than others. A session has a hidden quality; the team's baseline drifts. A learning changes the outcome
only where it is used, and `confounding` says how much its use depends on the hidden quality, on which the signals
after the use depend too: that is what misleads whoever only watches. Outcomes take the four usual values.

The true effect of a learning is what an experiment can find: the mean difference in expected outcome that injecting it
makes, over all sessions where it was eligible, used or not, the others being there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CONFOUNDING = {"without": 0.0, "medium": 1.0, "strong": 2.0}
LEVELS = np.array([-1.0, -0.5, 0.5, 1.0])
#: boundaries between the four outcomes on the hidden scale, and the scale of the logistic noise on it
_CUTS = np.array([-0.7, 0.0, 0.7])
_NOISE = 0.35
#: outcomes saturate: hidden effects are larger by this, so that true effects come out as drawn
_STRETCH = 2.0


@dataclass(frozen=True, kw_only=True)
class World:
    """Entries are pairs of a session and an eligible learning, sorted by session; `starts[s]:starts[s + 1]` are those of session s."""

    starts: Ints
    learning: Ints
    #: used if injected, used if withheld
    uses: Bools
    uses_anyway: Bools
    activation: Floats
    positive: Floats
    negative: Floats
    #: on the hidden scale, of this entry where injected
    push: Floats
    #: of the session, on the hidden scale, noise included
    hidden: Floats
    true_effect: Floats
    #: of each session, what was known of it before; the models may use them
    levels: tuple[tuple[str, ...], ...]
    sessions_a_day: int = 100

    @property
    def n_learnings(self) -> int:
        return len(self.true_effect)

    def outcome(self, session: int, injected: Bools) -> float:
        """Of the session, given which of its eligible learnings were injected."""
        entries = slice(self.starts[session], self.starts[session + 1])
        hidden = self.hidden[session] + self.push[entries][injected].sum()
        return float(LEVELS[np.searchsorted(_CUTS, hidden)])


def make_world(seed: int, *, confounding: float, n_learnings: int = 200, n_sessions: int = 5000) -> World:
    random = np.random.default_rng(seed)
    effect = _effects(random, n_learnings)
    session, learning = _eligible(random, n_learnings, n_sessions)
    quality = random.normal(size=n_sessions)
    uses, uses_anyway, usage = _uses(random, quality[session], learning, n_learnings, confounding)
    push = np.where(uses, _STRETCH * effect[learning] / usage[learning], 0.0)
    level = _baseline(n_sessions) + 0.25 * quality
    positive, negative = _signals(random, quality[session], effect[learning])
    return World(
        starts=np.searchsorted(session, np.arange(n_sessions + 1)),
        learning=learning,
        uses=uses,
        uses_anyway=uses_anyway,
        activation=random.uniform(0.75, 1.0, size=len(learning)),
        positive=positive,
        negative=negative,
        push=push,
        hidden=level + random.logistic(scale=_NOISE, size=n_sessions),
        levels=((),) * n_sessions,
        true_effect=_true_effects(level, push, session, learning, n_learnings),
    )


def _effects(random: np.random.Generator, n: int) -> Floats:
    sign = random.choice([0.0, 1.0, -1.0], p=[0.7, 0.2, 0.1], size=n)
    return sign * random.uniform(0.0, 0.5, size=n)


def _eligible(random: np.random.Generator, n_learnings: int, n_sessions: int) -> tuple[Ints, Ints]:
    """Sessions draw without replacement, the popular learnings more often (Gumbel's trick for weighted sampling)."""
    popularity = random.uniform(0.1, 2.0, size=n_learnings)
    counts = np.clip(np.round(5 + random.gamma(2.0, 4.0, size=n_sessions)), 5, 30).astype(np.int64)
    keys = np.log(popularity) + random.gumbel(size=(n_sessions, n_learnings))
    ranked = np.argsort(-keys, axis=1)[:, :30]
    chosen = np.arange(30) < counts[:, None]
    return np.repeat(np.arange(n_sessions), counts), ranked[chosen]


def _uses(
    random: np.random.Generator, quality: Floats, learning: Ints, n_learnings: int, confounding: float
) -> tuple[Bools, Bools, Floats]:
    """Used if injected, used if withheld, and each learning's share of use."""
    tendency = random.normal(0.8, 0.7, size=n_learnings)
    #: most learnings are used when things go badly, some when they go well
    loading = confounding * random.normal(-0.6, 0.6, size=n_learnings)
    drawn = random.logistic(size=len(learning))
    inclination = tendency[learning] + loading[learning] * quality
    uses = drawn < inclination
    anyway = drawn < inclination - random.uniform(0.5, 4.0, size=n_learnings)[learning]
    usage = np.bincount(learning, weights=uses, minlength=n_learnings) / np.bincount(learning, minlength=n_learnings)
    return uses, anyway, np.maximum(usage, 0.3)


def _baseline(n_sessions: int) -> Floats:
    """Slow drift of the whole team: up over time, with a swing."""
    time = np.linspace(0.0, 1.0, n_sessions)
    return -0.35 + 0.25 * time + 0.15 * np.sin(4 * np.pi * time)


def _signals(random: np.random.Generator, quality: Floats, effect: Floats) -> tuple[Floats, Floats]:
    """Noisy sums after a use: they follow the session's quality and, weakly, the learning's effect."""
    share = 1 / (1 + np.exp(-(0.9 * quality + 2.0 * effect)))
    total = random.poisson(1.8, size=len(quality))
    good = random.binomial(total, share)
    weight = random.uniform(0.3, 0.8, size=len(quality))
    return good * weight, (total - good) * weight


def _expected_outcome(hidden: Floats) -> Floats:
    """Mean outcome over the noise."""
    above = 1 / (1 + np.exp(-(hidden[..., None] - _CUTS) / _NOISE))
    expected: Floats = LEVELS[0] + above @ np.diff(LEVELS)
    return expected


def _true_effects(level: Floats, push: Floats, session: Ints, learning: Ints, n_learnings: int) -> Floats:
    everything = level + np.bincount(session, weights=push, minlength=len(level))
    difference = _expected_outcome(everything[session]) - _expected_outcome(everything[session] - push)
    return np.bincount(learning, weights=difference, minlength=n_learnings) / np.bincount(
        learning, minlength=n_learnings
    )
