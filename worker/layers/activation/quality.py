"""How good a set of probabilities is, against labels: the numbers that benchmarks and `groove calibrate` print.

Only these need scikit-learn, so it is imported when one is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 10


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


def quality(scores: Sequence[float], labels: Sequence[bool], *, threshold: float) -> Quality:
    score, label = np.array(scores, dtype=np.float64), np.array(labels, dtype=bool)
    chosen = score >= threshold
    hits, named, uses = int((chosen & label).sum()), int(chosen.sum()), int(label.sum())
    return Quality(
        pairs=len(label),
        uses=uses,
        area=area_under_roc(score, label),
        average_precision=_average_precision(score, label),
        precision=hits / named if named else float("nan"),
        recall=hits / uses if uses else float("nan"),
        f1=2 * hits / (named + uses) if named + uses else float("nan"),
        calibration_error=_calibration_error(score, label),
    )


def area_under_roc(score: NDArray[np.float64], label: NDArray[np.bool_]) -> float:
    """Equal scores count half; nan without both a use and a non-use."""
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]  # it ships no types

    return float(roc_auc_score(label, score)) if 0 < label.sum() < len(label) else float("nan")


def _average_precision(score: NDArray[np.float64], label: NDArray[np.bool_]) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(label, score)) if label.any() else float("nan")


def _calibration_error(score: NDArray[np.float64], label: NDArray[np.bool_]) -> float:
    if not len(score):
        return float("nan")
    bins = np.minimum((score * _BINS).astype(int), _BINS - 1)
    gaps = [abs(score[bins == k].mean() - label[bins == k].mean()) * (bins == k).mean() for k in np.unique(bins)]
    return float(np.sum(gaps))
