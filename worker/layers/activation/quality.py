"""How good a set of probabilities is, against labels: the numbers that benchmarks and `groove calibrate` print.

Only these need scikit-learn, so it is imported when one is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    pairs: int
    uses: int
    #: under the ROC curve: chance that a use scores above a non-use; nan without both
    area: float
    average_precision: float
    #: at the threshold; nan where nothing reaches it
    precision: float
    recall: float
    f1: float
    #: expected calibration error over ten equal bins
    calibration_error: float


def quality(
    scores: Sequence[float], labels: Sequence[bool], *, threshold: float, weights: Sequence[float] | None = None
) -> Quality:
    """`weights`: how many pairs each stands for, where uses and non-uses were not sampled alike; None: one each."""
    score, label = np.array(scores, dtype=np.float64), np.array(labels, dtype=bool)
    weight = np.ones(len(label)) if weights is None else np.array(weights, dtype=np.float64)
    chosen = score >= threshold
    hits, named, uses = (float(weight[kept].sum()) for kept in (chosen & label, chosen, label))
    return Quality(
        pairs=len(label),
        uses=int(label.sum()),
        area=area_under_roc(score, label, weight),
        average_precision=_average_precision(score, label, weight),
        precision=hits / named if named else float("nan"),
        recall=hits / uses if uses else float("nan"),
        f1=2 * hits / (named + uses) if named + uses else float("nan"),
        calibration_error=_calibration_error(score, label, weight),
    )


def area_under_roc(score: Floats, label: NDArray[np.bool_], weight: Floats | None = None) -> float:
    """Equal scores count half; nan without both a use and a non-use."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]  # it ships no types

    both = 0 < label.sum() < len(label)
    return float(roc_auc_score(label, score, sample_weight=weight)) if both else float("nan")


def _average_precision(score: Floats, label: NDArray[np.bool_], weight: Floats) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(label, score, sample_weight=weight)) if label.any() else float("nan")


def _calibration_error(score: Floats, label: NDArray[np.bool_], weight: Floats) -> float:
    if not len(score):
        return float("nan")
    bins = np.minimum((score * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float((weight * (score - label))[bins == k].sum())) for k in np.unique(bins)]
    return float(np.sum(gaps) / weight.sum())
