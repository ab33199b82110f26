"""Whether the sessions that come to assessment are like all sessions: the signals of the ones beside those of the others."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from worker.errors import InvalidEvent
from worker.formats.lightweight_event import read_lightweight_event
from worker.ledger.counts import HeardSession
from worker.operations.findings import Finding

#: sessions of either kind, below which nothing is said
_ENOUGH = 20
#: standard errors, and the difference of shares that matters
_SURE, _MATTERS = 3.0, 0.05


def about_the_sampling(heard: Iterable[HeardSession]) -> Finding:
    """Shares of bad signals per session, assessed or not. An event may tell its `sampling_probability`; else values follow the sample."""
    shares: Mapping[bool, list[float]] = _shares(heard)
    assessed, others = shares[True], shares[False]
    if min(len(assessed), len(others)) < _ENOUGH:
        detail = f"signals of {len(assessed)} sessions that were assessed and {len(others)} that were not: too few to compare"
        return Finding(what="sampling", is_well=True, detail=detail)
    (mean, error), (mean_others, error_others) = _mean(assessed), _mean(others)
    difference, both = mean - mean_others, math.hypot(error, error_others)
    detail = (
        f"{mean:.0%} of the signals are bad in the {len(assessed)} sessions that were assessed, "
        f"{mean_others:.0%} in the {len(others)} others"
    )
    drifts = abs(difference) > max(_SURE * both, _MATTERS)
    return Finding(
        what="sampling",
        is_well=True,
        is_note=drifts,
        detail=detail,
        advice="values follow the assessed ones: have the assessor send `sampling_probability`" if drifts else "",
    )


def _shares(heard: Iterable[HeardSession]) -> Mapping[bool, list[float]]:
    """By whether it was assessed; of each session that has a signal."""
    counts: defaultdict[tuple[bool, str], list[int]] = defaultdict(lambda: [0, 0])
    for one in heard:
        try:
            signals = read_lightweight_event(one.payload).to_signals()
        except InvalidEvent:
            continue  # an earlier release kept what this one would refuse
        for signal in signals:
            counts[one.is_assessed, one.session_id][signal.is_positive] += 1
    shares: dict[bool, list[float]] = {True: [], False: []}
    for (is_assessed, _), (bad, good) in counts.items():
        shares[is_assessed].append(bad / (bad + good))
    return shares


def _mean(shares: list[float]) -> tuple[float, float]:
    """And its standard error."""
    mean = math.fsum(shares) / len(shares)
    variance = math.fsum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
    return mean, math.sqrt(variance / len(shares))
