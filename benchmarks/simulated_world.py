"""A simulated team with known effects: what each session would see, drawn before any decision is taken.

200 learnings, 70 % without effect, 20 % helpful, 10 % harmful, effects uniform up to 0.5; sessions with 5 to 30 eligible ones, some
learnings far more often than others. A session has a hidden quality; the team's baseline drifts. A learning changes the outcome
only where it is used, and `confounding` says how much its use depends on the hidden quality, on which the signals
after the use depend too: that is what misleads whoever only watches. Outcomes take the four usual values.

The true effect of a learning is what an experiment can find: the mean difference in expected outcome that injecting it
makes, over all sessions where it was eligible, used or not, the others being there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVELS = np.array([-1.0, -0.5, 0.5, 1.0])
#: boundaries between the four outcomes on the hidden scale, and the scale of the logistic noise on it
_CUTS = np.array([-0.7, 0.0, 0.7])
_NOISE = 0.35
#: outcomes saturate: hidden effects are larger by this, so that true effects come out as drawn
_STRETCH = 2.0
_PROJECTS = 8


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
    #: of each learning, another one without which it has no effect; −1: none
    partner: Ints | None = None
    #: of each session, an outcome that stands whatever happened in it; nan: it stands for what happened
    labels: Floats | None = None
    #: the hidden scale, noise included -> outcomes
    score: Callable[[Floats], Floats] = field(default=lambda hidden: LEVELS[np.searchsorted(_CUTS, hidden)])

    @property
    def n_learnings(self) -> int:
        return len(self.true_effect)

    def outcome(self, session: int, injected: Bools) -> float:
        """Of the session, given which of its eligible learnings were injected."""
        if self.labels is not None and not np.isnan(self.labels[session]):
            return float(self.labels[session])
        entries = slice(self.starts[session], self.starts[session + 1])
        active = injected
        if self.partner is not None:
            here = self.learning[entries]
            active = injected & (np.isin(self.partner[here], here[injected]) | (self.partner[here] < 0))
        hidden = self.hidden[session] + self.push[entries][active].sum()
        return float(self.score(hidden))


def make_world(
    seed: int,
    *,
    confounding: float,
    n_learnings: int = 200,
    n_sessions: int = 5000,
    shares: tuple[float, float, float] = (0.7, 0.2, 0.1),
    drift: float = 0.0,
    jump: float = 0.0,
    everywhere: bool = False,
    in_pairs: bool = False,
    random_labels: float = 0.0,
) -> World:
    """`shares`: of learnings without effect, helpful, harmful. `drift` and `jump`: of the team's level, over all sessions, in the middle.

    `everywhere`: every learning is eligible in every session. `in_pairs`: half of the learnings have an effect only beside another one.
    `random_labels`: the sessions are those of eight projects, and in half of them this share of outcomes is drawn by lot.
    """
    random = np.random.default_rng(seed)
    effect = _effects(random, n_learnings, shares)
    session, learning = _eligible(random, n_learnings, n_sessions, everywhere=everywhere)
    quality = random.normal(size=n_sessions)
    uses, uses_anyway, usage = _uses(random, quality[session], learning, n_learnings, confounding)
    push = np.where(uses, _STRETCH * effect[learning] / usage[learning], 0.0)
    time = np.linspace(0.0, 1.0, n_sessions)
    level = _baseline(n_sessions) + 0.25 * quality + drift * (time - 0.5) + jump * (time > 0.5)
    partner = _partners(random, n_learnings) if in_pairs else None
    felt = push if partner is None else push * _beside(partner, session, learning)
    positive, negative = _signals(random, quality[session], effect[learning])
    project = random.integers(0, _PROJECTS, size=n_sessions) if random_labels else None
    mislabelled = np.zeros(n_sessions) if project is None else np.where(project % 2, random_labels, 0.0)
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
        levels=((),) * n_sessions if project is None else tuple((f"project={one}",) for one in project.tolist()),
        partner=partner,
        labels=None if project is None else _labels(random, mislabelled),
        true_effect=_true_effects(level, felt, session, learning, n_learnings, right=1 - mislabelled),
    )


def _effects(random: np.random.Generator, n: int, shares: tuple[float, float, float]) -> Floats:
    sign = random.choice([0.0, 1.0, -1.0], p=list(shares), size=n)
    return sign * random.uniform(0.0, 0.5, size=n)


def _partners(random: np.random.Generator, n: int) -> Ints:
    """Of half of them, one of the other half."""
    found = np.full(n, -1, dtype=np.int64)
    dependent = random.permutation(n)[: n // 2]
    found[dependent] = random.permutation(np.setdiff1d(np.arange(n), dependent))[: len(dependent)]
    return found


def _beside(partner: Ints, session: Ints, learning: Ints) -> Floats:
    """1 where an entry's partner is eligible too, or it needs none."""
    n = len(partner)
    here = set((session * n + learning).tolist())
    wanted = np.where(partner[learning] < 0, -1, session * n + partner[learning])
    return np.array([1.0 if key < 0 or key in here else 0.0 for key in wanted.tolist()])


def _eligible(random: np.random.Generator, n_learnings: int, n_sessions: int, *, everywhere: bool) -> tuple[Ints, Ints]:
    """Sessions draw without replacement, the popular learnings more often (Gumbel's trick for weighted sampling)."""
    if everywhere:
        return np.repeat(np.arange(n_sessions), n_learnings), np.tile(np.arange(n_learnings), n_sessions)
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


def _labels(random: np.random.Generator, mislabelled: Floats) -> Floats:
    lots = random.choice(LEVELS, size=len(mislabelled))
    return np.where(random.random(len(mislabelled)) < mislabelled, lots, np.nan)


def _true_effects(
    level: Floats, push: Floats, session: Ints, learning: Ints, n_learnings: int, *, right: Floats
) -> Floats:
    """`right`: of each session, the chance that its outcome stands for what happened."""
    everything = level + np.bincount(session, weights=push, minlength=len(level))
    difference = _expected_outcome(everything[session]) - _expected_outcome(everything[session] - push)
    difference *= right[session]
    return np.bincount(learning, weights=difference, minlength=n_learnings) / np.bincount(
        learning, minlength=n_learnings
    )
