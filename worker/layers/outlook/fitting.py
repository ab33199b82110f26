"""All sessions -> models: ridge regression of outcomes on what was known before; each session's model comes from the others."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from worker.layers.outlook.design import Design, Ints
from worker.layers.outlook.features import FOLDS
from worker.layers.outlook.models import Mode, Model, Outlook
from worker.layers.outlook.residuals import expected_of
from worker.layers.statistics.sums import MICRO, MILLI

#: with fewer sessions to fit on there is no model
_ENOUGH = 50
#: ridge penalties, in sessions
_LEVEL_PENALTY, _PRESENCE_PENALTY = 5, 12

Floats = NDArray[np.float64]


def fit(design: Design, *, mode: Mode, salt: str) -> Outlook:
    """A function of the set of sessions: counts are whole numbers, and the coefficients are rounded to whole millionths.

    Models that explain nothing are worse than none: then there are none, and `explained` tells why.
    """
    models = dict(_by_fold(design) if mode == "folds" else _by_day(design) if mode == "past" else ())
    found = Outlook(mode=mode, salt=salt, models=models)
    explained = _explained(design, found)
    is_useful = explained is not None and explained > 0
    return Outlook(mode=mode, salt=salt, models=models if is_useful else {}, explained=explained)


def _by_fold(design: Design) -> Iterator[tuple[int, Model]]:
    counts = [_counts(design, design.is_known & (design.fold == fold)) for fold in range(FOLDS)]
    all_g, all_h = sum(g for g, _ in counts), sum(h for _, h in counts)
    for fold, (g, h) in enumerate(counts):
        model = _solved(design, all_g - g, all_h - h)
        if model:
            yield fold, model


def _by_day(design: Design) -> Iterator[tuple[int, Model]]:
    """A model that knows the sessions up to a day, for those of later days."""
    days = np.unique(design.day[design.is_known])
    if not len(days):
        return
    size = len(design.names)
    g, h = np.zeros((size, size), dtype=np.int64), np.zeros(size, dtype=np.int64)
    for day in days:
        of_day_g, of_day_h = _counts(design, design.is_known & (design.day == day))
        g, h = g + of_day_g, h + of_day_h
        model = _solved(design, g, h)
        if model:
            yield int(day), model


def _counts(design: Design, chosen: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Sessions with both of two features, and the sum of outcomes in thousandths over sessions with one."""
    features = design.features[chosen]
    together: Ints = (features.T @ features).toarray()
    return together, features.T @ design.outcome[chosen]


def _solved(design: Design, g: Ints, h: Ints) -> Model | None:
    sessions = int(g[0, 0])
    if sessions < _ENOUGH:
        return None
    penalty = np.full(len(design.names), _PRESENCE_PENALTY, dtype=np.float64)
    penalty[: design.first_presence] = _LEVEL_PENALTY
    penalty[0] = 0.0
    coefficients = linalg.solve(g + np.diag(penalty), h / MILLI, assume_a="pos")
    micro = np.rint(coefficients * MICRO).astype(np.int64)
    return Model(
        coefficients={name: int(value) for name, value in zip(design.names, micro, strict=True) if value},
        mean=round(int(h[0]) * MILLI / sessions),
    )


def _explained(design: Design, outlook: Outlook) -> float | None:
    """Around the mean that each record's model knows, over the records that have one."""
    expected, mean, has_model = expected_of(design, outlook)
    counts = (design.omega > 0) & has_model
    if not counts.any():
        return None
    outcome, expected, mean = design.entries.outcome[counts], expected[counts], mean[counts]
    left, all_ = int(((outcome - expected - mean) ** 2).sum()), int(((outcome - mean) ** 2).sum())
    return 1 - left / all_ if all_ else None
