"""A learning's own history: how much oftener, or more seldom, it is used than its evidence lets expect, from labelled sessions.

One number a learning, in log odds, drawn towards 0; how far learnings differ is estimated from all of them together (empirical Bayes:
the spread with the largest marginal likelihood, by Laplace's approximation). It is part of the calibration, and so of its version.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: standard deviations of learnings' log odds that are tried
_SPREADS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
_STEPS = 50

Floats = NDArray[np.float64]


def fit_history(learning_ids: Sequence[str], logits: Sequence[float], labels: Sequence[bool]) -> dict[str, float]:
    """Per labelled learning, rounded to 4 decimals; all aligned, one a label. `logits`: what the evidence alone says."""
    pairs: dict[str, list[int]] = {}
    for place, learning_id in enumerate(learning_ids):
        pairs.setdefault(learning_id, []).append(place)
    logit, label = np.array(logits, dtype=np.float64), np.array(labels, dtype=np.float64)
    groups = {learning_id: (logit[places], label[places]) for learning_id, places in pairs.items()}
    best = max(_SPREADS, key=lambda spread: sum(_likelihood(*group, spread) for group in groups.values()), default=0.0)
    shifts = {learning_id: round(_shift(*group, best), 4) for learning_id, group in sorted(groups.items())}
    return {learning_id: shift for learning_id, shift in shifts.items() if shift}


def _shift(logit: Floats, label: Floats, spread: float) -> float:
    """The most probable one; Newton's method on a concave function of one number, its steps bounded."""
    shift = 0.0
    for _ in range(_STEPS):
        likely = _probability(logit + shift)
        slope = float((likely - label).sum()) + shift / spread**2
        curvature = float((likely * (1 - likely)).sum()) + 1 / spread**2
        step = slope / curvature
        shift -= max(-1.0, min(1.0, step))
        if abs(step) < 1e-9:
            break
    return shift


def _likelihood(logit: Floats, label: Floats, spread: float) -> float:
    """The labels' log likelihood, the shift integrated out."""
    shift = _shift(logit, label, spread)
    likely = np.clip(_probability(logit + shift), 1e-9, 1 - 1e-9)
    told = float(np.sum(label * np.log(likely) + (1 - label) * np.log(1 - likely)))
    curvature = float((likely * (1 - likely)).sum())
    return told - shift**2 / (2 * spread**2) - 0.5 * math.log1p(spread**2 * curvature)


def _probability(logit: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(logit, -30, 30)))
    return result
