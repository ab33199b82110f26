"""Every record's outlook, and every experiment's sums under it, out of the arrays of all sessions; in whole numbers throughout."""

import numpy as np

from worker.layers.outlook.design import Bools, Design, Ints
from worker.layers.outlook.models import Outlook
from worker.layers.statistics.sums import MICRO, MILLI, ArmSums

#: above any weight in millionths
_WEIGHTS = 2**25


def expected_of(design: Design, outlook: Outlook) -> tuple[Ints, Ints, Bools]:
    """Per record: what was to be expected less the average, and the average, in thousandths; and whether there is a model."""
    key = _keys(design, outlook)
    entries = design.entries
    key_of_entry = key[entries.session]
    total, mean = np.zeros(len(key), dtype=np.int64), np.zeros(len(key), dtype=np.int64)
    absent = entries.was_withheld | entries.is_member
    own = np.zeros(len(key_of_entry), dtype=np.int64)
    for number, model in enumerate(outlook.models.values()):
        of = np.array([model.coefficients.get(name, 0) for name in design.names], dtype=np.int64)
        rows, chosen = key == number, key_of_entry == number
        total[rows] = design.features[rows] @ of - model.mean
        mean[rows] = round(model.mean / MILLI)
        own[chosen] = np.where(absent[chosen], 0, of[entries.learning[chosen] + design.first_presence])
    has_model = key_of_entry >= 0
    expected = np.where(has_model, _in_thousandths(total[entries.session] - own), 0)
    return expected, mean[entries.session], has_model


def arm_sums(design: Design, expected: Ints) -> dict[tuple[int, bool], ArmSums]:
    """Of every learning that has randomised records, by its place among the presences and by arm."""
    omega = design.omega
    counts = omega > 0
    residual = (design.entries.outcome - expected)[counts]
    arm = 2 * design.entries.learning[counts] + design.entries.was_withheld[counts]
    groups, place = np.unique(arm * _WEIGHTS + omega[counts], return_inverse=True)
    records = np.bincount(place, minlength=len(groups))
    # below 2^53: a double holds them exactly
    total = np.bincount(place, weights=residual, minlength=len(groups)).astype(np.int64)
    squared = np.bincount(place, weights=residual * residual, minlength=len(groups)).astype(np.int64)
    found: dict[tuple[int, bool], ArmSums] = {}
    for group, n, r, r2 in zip(groups.tolist(), records.tolist(), total.tolist(), squared.tolist(), strict=True):
        of_arm, weight = divmod(group, _WEIGHTS)
        key = of_arm // 2, bool(of_arm % 2)
        square = weight * weight
        one = ArmSums(records=n, w=weight * n, w2=square * n, wr=weight * r, w2r=square * r, w2r2=square * r2)
        found[key] = found[key] + one if key in found else one
    return found


def _keys(design: Design, outlook: Outlook) -> Ints:
    """Per session the place of its model among `outlook.models`; −1: it has none."""
    keys = np.array(list(outlook.models), dtype=np.int64)
    if not len(keys):
        return np.full(len(design.fold), -1, dtype=np.int64)
    if outlook.mode == "past":
        found = np.searchsorted(keys, design.day, side="left") - 1
    else:
        place = np.searchsorted(keys, design.fold)
        at = np.minimum(place, len(keys) - 1)
        found = np.where(keys[at] == design.fold, at, -1)
    return np.where(design.has_background, found, -1)


def _in_thousandths(micro: Ints) -> Ints:
    whole, rest = np.divmod(np.clip(micro, -MICRO, MICRO), MILLI)
    rounded: Ints = whole + ((rest > MILLI // 2) | ((rest == MILLI // 2) & (whole % 2 == 1)))
    return rounded
