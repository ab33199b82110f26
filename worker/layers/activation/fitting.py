"""Fitting the calibration: logistic regression on labelled pairs, drawn towards what is known about each kind of evidence beforehand.

The prior is what makes few labels enough. A named command that was run is a use in nearly every case, whatever the repository: labels that
happen to hold no such case must not teach that it means nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
}
_INTERCEPT = (-3.0, 10.0)
_STEPS = 100
_TOLERANCE = 1e-10


def fit_weights(features: Sequence[Mapping[str, float]], labels: Sequence[bool]) -> tuple[float, dict[str, float]]:
    """(intercept, weights), both rounded to 4 decimals: the most probable ones given the labels and `PRIOR`. Newton's method."""
    matrix = np.array([[1.0, *(row[name] for name in FEATURES)] for row in features])
    target = np.array(labels, dtype=np.float64)
    mean: Floats = np.array([_INTERCEPT[0], *(PRIOR[name][0] for name in FEATURES)])
    spread = np.array([_INTERCEPT[1], *(PRIOR[name][1] for name in FEATURES)])
    precision = 1.0 / spread**2
    weights = mean
    for _ in range(_STEPS):
        step = _newton_step(matrix, target, weights, mean, precision)
        weights = weights - step
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    return round(float(weights[0]), 4), {
        name: round(float(weight), 4) for name, weight in zip(FEATURES, weights[1:], strict=True)
    }


def _newton_step(matrix: Floats, target: Floats, weights: Floats, mean: Floats, precision: Floats) -> Floats:
    expected: Floats = 1.0 / (1.0 + np.exp(-np.clip(matrix @ weights, -30, 30)))
    slope: Floats = matrix.T @ (expected - target) + precision * (weights - mean)
    curvature: Floats = (matrix * (expected * (1.0 - expected))[:, None]).T @ matrix + np.diag(precision)
    step: Floats = np.linalg.solve(curvature, slope)
    return step
