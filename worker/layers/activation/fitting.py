"""Fitting the calibration: logistic regression on labelled pairs, drawn towards what is known about each kind of evidence beforehand.

The prior is what makes few labels enough. A named command that was run is a use in nearly every case, whatever the repository: labels that
happen to hold no such case must not teach that it means nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.layers.activation.calibration import SecondLookWeights, log_odds
from worker.layers.activation.features import FEATURES

Floats = NDArray[np.floating[Any]]

#: per feature: expected weight in log odds, and how far the labels may move it (standard deviation)
PRIOR: dict[str, tuple[float, float]] = {
    "meaning": (4.0, 3.0),
    "wording": (6.0, 4.0),
    "commands_run": (3.0, 1.0),
    "code_written": (2.0, 1.0),
    "nothing_found": (-1.5, 1.0),
    "no_command_run": (-1.0, 1.0),
    "conduct_shown": (1.0, 1.0),
    "conduct_missing": (-1.5, 1.0),
}
_INTERCEPT = (-3.0, 10.0)
#: of the second look's intercept and weight
_SECOND_LOOK_SPREAD = 1.0
_STEPS = 100
_TOLERANCE = 1e-10


def fit_weights(
    features: Sequence[Mapping[str, float]], labels: Sequence[bool], share_of_uses: float | None = None
) -> tuple[float, dict[str, float]]:
    """(intercept, weights), both rounded to 4 decimals: the most probable ones given the labels and `PRIOR`.

    `share_of_uses`: in nature, where labels were sampled by their answer; None: the labels' own.
    """
    matrix = np.array([[1.0, *(row[name] for name in FEATURES)] for row in features])
    prior = [_INTERCEPT, *(PRIOR[name] for name in FEATURES)]
    found = _most_probable(matrix, labels, prior=prior, counts=_counts(labels, share_of_uses))
    return found[0], dict(zip(FEATURES, found[1:], strict=True))


def fit_second_look(
    first: Sequence[float],
    scores: Sequence[float | None],
    labels: Sequence[bool],
    share_of_uses: float | None = None,
    *,
    before: SecondLookWeights | None = None,
) -> SecondLookWeights:
    """From the pairs that were looked at twice: their first probabilities stay, and the scores move them.

    `scores`: None for a pair that was looked at once; it tells only how often uses were labelled. `share_of_uses`: as in `fit_weights`.
    `before`: what few labels are drawn towards, and what stands without any; None: an intercept of 0 and a weight of 1.
    """
    before = before or SecondLookWeights()
    twice = [
        (p, score, used, n)
        for n, (p, score, used) in enumerate(zip(first, scores, labels, strict=True))
        if score is not None
    ]
    if not twice:
        return before
    intercept, weight = _most_probable(
        np.array([[1.0, score] for _, score, _, _ in twice]),
        [used for _, _, used, _ in twice],
        prior=[(before.intercept, _SECOND_LOOK_SPREAD), (before.weight, _SECOND_LOOK_SPREAD)],
        known=[log_odds(p) for p, _, _, _ in twice],
        counts=_counts(labels, share_of_uses)[[n for _, _, _, n in twice]],
    )
    return SecondLookWeights(intercept=intercept, weight=weight)


def _counts(labels: Sequence[bool], share_of_uses: float | None) -> Floats:
    """How much each label counts, as many together as there are."""
    used = np.array(labels, dtype=bool)
    share = used.mean()
    if share_of_uses is None or not 0 < share < 1:
        return np.ones(len(used))
    counts: Floats = np.where(used, share_of_uses / share, (1 - share_of_uses) / (1 - share))
    return counts


def _most_probable(
    matrix: Floats,
    labels: Sequence[bool],
    *,
    prior: Sequence[tuple[float, float]],
    known: Sequence[float] = (),
    counts: Floats | None = None,
) -> list[float]:
    """Newton's method; `known` are log odds that each row has beside what the weights add, `counts` how much each row counts."""
    target = np.array(labels, dtype=np.float64)
    count = np.ones(len(target)) if counts is None else counts
    offset = np.array(known) if known else np.zeros(len(target))
    mean: Floats = np.array([expected for expected, _ in prior])
    precision: Floats = np.array([1.0 / spread**2 for _, spread in prior])
    weights = mean
    for _ in range(_STEPS):
        likely: Floats = 1.0 / (1.0 + np.exp(-np.clip(matrix @ weights + offset, -30, 30)))
        slope: Floats = matrix.T @ (count * (likely - target)) + precision * (weights - mean)
        curvature: Floats = (matrix * (count * likely * (1.0 - likely))[:, None]).T @ matrix + np.diag(precision)
        step: Floats = np.linalg.solve(curvature, slope)
        weights = weights - step
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    return [round(float(weight), 4) for weight in weights]
