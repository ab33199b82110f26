"""With what chance the next session withholds a learning whose experiment is open (statistics.md 8)."""

from collections.abc import Sequence

from worker.layers.statistics.distributions import normal_cdf
from worker.settings.layers import AblationParameters

#: with fewer withheld sessions an experiment begins gently, whatever it seems to say
_FEW = 5


def open_rate(parameters: AblationParameters, *, withheld: int, mean: float, sd: float, is_suspect: bool) -> float:
    """While harm or a benefit is likely enough, more often than `rate`: `mean` and `sd` are the effect's, as far as it is known."""
    of = parameters
    if withheld < _FEW:
        return max(of.start_rate, of.rate)
    harm, benefit = chances(mean, sd, margin=of.verdict_margin)
    if is_suspect or harm > of.harm_chance:
        return of.suspect_rate
    return max(of.promise_rate, of.rate) if benefit > of.promise_chance else of.rate


def chances(mean: float, sd: float, *, margin: float) -> tuple[float, float]:
    """That the effect lies below −margin, and that it lies above margin."""
    return normal_cdf((-margin - mean) / sd), normal_cdf((mean - margin) / sd)


def capped(probabilities: Sequence[float], *, most: float) -> list[float]:
    """Of one session's learnings: scaled down, to whole hundredths, where more than the share `most` would be withheld on average."""
    total = sum(probabilities)
    if total <= most * len(probabilities):
        return list(probabilities)
    return [round(p * most * len(probabilities) / total, 2) for p in probabilities]
