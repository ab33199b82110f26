"""Another generator, on which no constant of the system was chosen: projects, users and kinds of task shift a session's outcome.

160 learnings, most of them of one project; sessions of 12 projects and 20 users, of whom some work far more than others. Outcomes are
numbers in [−1, 1] in steps of .05; effects have heavy tails, are larger for one kind of task, and fade over time for some learnings. Use
follows a session's difficulty. What was known before a session (project, user, kind) is all that the models may see of it.
"""

import numpy as np
from simulated_world import Floats, Ints, World

_KINDS = ("bug", "feature", "chore", "question")


def make_company(seed: int, *, n_sessions: int = 5000, n_learnings: int = 160, harmful: float = 0.12) -> World:
    random = np.random.default_rng([7, seed])
    project = random.choice(12, size=n_sessions, p=_uneven(random, 12))
    user = random.choice(20, size=n_sessions, p=_uneven(random, 20))
    kind = random.choice(len(_KINDS), size=n_sessions, p=[0.35, 0.3, 0.2, 0.15])
    session, learning = _eligible(random, project, n_learnings)

    effect = _effects(random, n_learnings, harmful)
    by_kind = 1 + 0.6 * random.choice([0.0, 1.0], size=(n_learnings, len(_KINDS)), p=[0.75, 0.25])
    fades = np.where(random.random(n_learnings) < 0.3, 0.5, 0.0)
    late = session / n_sessions
    difficulty = random.normal(size=n_sessions)
    uses = random.random(len(session)) < 1 / (1 + np.exp(-(1.0 + 0.8 * difficulty[session])))
    push = np.where(uses, effect[learning] * by_kind[learning, kind[session]] * (1 - fades[learning] * late), 0.0)

    level = (
        0.25
        + random.normal(0, 0.3, size=12)[project]
        + random.normal(0, 0.2, size=20)[user]
        + random.normal(0, 0.2, size=len(_KINDS))[kind]
        + 0.2 * np.sin(np.linspace(0, 9, n_sessions))
        - 0.3 * difficulty
    )
    hidden = level + 0.45 * random.standard_t(5, size=n_sessions)
    total = random.poisson(1.5, size=len(session))
    good = random.binomial(total, 1 / (1 + np.exp(0.8 * difficulty[session])))
    return World(
        starts=np.searchsorted(session, np.arange(n_sessions + 1)),
        learning=learning,
        uses=uses,
        uses_anyway=uses & (random.random(len(session)) < 0.3),
        activation=random.uniform(0.75, 1.0, size=len(session)),
        positive=np.multiply(good, 0.6, dtype=np.float64),
        negative=np.multiply(total - good, 0.6, dtype=np.float64),
        push=push,
        hidden=hidden,
        true_effect=_true_effects(hidden, push, session, learning, n_learnings),
        levels=tuple(
            (f"kind={_KINDS[k]}", f"project={p}", f"user={u}") for p, u, k in zip(project, user, kind, strict=True)
        ),
        score=score,
    )


def score(hidden: Floats) -> Floats:
    """Saturates, and is told in steps."""
    found: Floats = np.round(np.tanh(hidden) * 20) / 20
    return found


def _uneven(random: np.random.Generator, n: int) -> Floats:
    weights = random.pareto(1.5, size=n) + 0.3
    found: Floats = weights / weights.sum()
    return found


def _effects(random: np.random.Generator, n: int, harmful: float) -> Floats:
    """Half have none; the others' sizes have heavy tails."""
    sign = random.choice([0.0, 1.0, -1.0], size=n, p=[0.7 - harmful, 0.3, harmful])
    return sign * np.minimum(np.abs(random.standard_t(3, size=n)) * 0.3, 1.5)


def _eligible(random: np.random.Generator, project: Ints, n_learnings: int) -> tuple[Ints, Ints]:
    """A quarter of the learnings are everybody's, the rest one project's; a session has some of those that it may have."""
    home = np.where(random.random(n_learnings) < 0.25, -1, random.integers(0, 12, size=n_learnings))
    often = random.uniform(0.15, 0.6, size=n_learnings)
    may = (home < 0)[None, :] | (home[None, :] == project[:, None])
    session, learning = np.nonzero(may & (random.random((len(project), n_learnings)) < often))
    return session, learning


def _true_effects(hidden: Floats, push: Floats, session: Ints, learning: Ints, n_learnings: int) -> Floats:
    """Mean difference over the sessions where a learning was eligible, their noise held, the others being there."""
    everything = hidden + np.bincount(session, weights=push, minlength=len(hidden))
    difference = score(everything[session]) - score(everything[session] - push)
    n = np.maximum(np.bincount(learning, minlength=n_learnings), 1)
    found: Floats = np.bincount(learning, weights=difference, minlength=n_learnings) / n
    return found
