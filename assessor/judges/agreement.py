"""A judge beside a person's labels of the same sessions: how far it agrees, and how far it is believed for that.

Its weight is 2 times the lower end of a one-sided 95 % interval of the rank correlation, and at least 0 (Fisher's z with
standard error √(1.06/(n−3))). With fewer than 20 sessions it is 0. So a judge that agrees by chance does not count.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import mannwhitneyu, spearmanr

from worker.errors import InvalidEvent, InvalidFile
from worker.formats.wire import Identifier, Incoming, Outcome, read_json_object, validated

#: sessions with a label and a judgement
ENOUGH = 20
#: of a judge that agrees in every rank: as much as work handed over at a person's word
_MOST_WEIGHT = 2.0
_ONE_SIDED_95 = 1.645
_FISHER_VARIANCE = 1.06
#: of 1 itself z is infinite
_NEARLY_ONE = 1 - 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    #: sessions with both
    n: int
    #: Spearman's; None where all labels or all judgements are the same
    rank_correlation: float | None
    #: in [0, 2]; None without sessions
    mean_difference: float | None
    #: how often a session with a label above 0 is judged better than another; None where there is only one kind
    auc: float | None

    @property
    def weight(self) -> float:
        """Weight of the judge's part in an outcome; 0: it is not believed."""
        if self.n < ENOUGH or self.rank_correlation is None or self.rank_correlation <= 0:
            return 0.0
        z = math.atanh(min(self.rank_correlation, _NEARLY_ONE))
        lowest = math.tanh(z - _ONE_SIDED_95 * math.sqrt(_FISHER_VARIANCE / (self.n - 3)))
        return round(_MOST_WEIGHT * max(0.0, lowest), 3)


def agreement(labels: Mapping[str, float], judged: Mapping[str, float]) -> Agreement:
    """Both by session; sessions with only one of them are left out."""
    both = sorted(labels.keys() & judged.keys())
    label, value = np.array([labels[each] for each in both]), np.array([judged[each] for each in both])
    return Agreement(
        n=len(both),
        rank_correlation=_rank_correlation(label, value),
        mean_difference=float(np.abs(label - value).mean()) if both else None,
        auc=_auc(value[label > 0], value[label <= 0]),
    )


def read_labels(path: Path) -> dict[str, float]:
    """JSONL of session_id and outcome (a number in [−1, 1] or an outcome's name); the last line of a session counts."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidFile(f"{path}: the labels cannot be read: {error.strerror}") from error
    labels = [_label(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    return {label.session_id: label.outcome for label in labels}


class _Label(Incoming):
    session_id: Identifier
    outcome: Outcome


def _label(path: Path, number: int, line: bytes) -> _Label:
    try:
        return validated(_Label, read_json_object(line))
    except InvalidEvent as error:
        raise InvalidFile(
            f"{path}:{number}: not a label: {error}; a line has `session_id`, and `outcome` in [-1, 1]"
        ) from error


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return float(spearmanr(one, other).statistic)


def _auc(successes: np.ndarray, others: np.ndarray) -> float | None:
    if not len(successes) or not len(others):
        return None
    return float(mannwhitneyu(successes, others).statistic) / (len(successes) * len(others))
