"""Simulated worlds, read: one column of the table a scenario."""

import math
from collections.abc import Callable, Iterable

import numpy as np
from scipy.stats import binomtest, rankdata, spearmanr
from simulated_outcomes import Outcome
from simulated_team import Story
from simulated_world import Floats

BIG_HARM, BIG_HELP = -0.3, 0.2


def read(outcomes: list[Outcome]) -> dict[str, str]:
    """The table's column of one scenario."""
    stories = [story for outcome in outcomes for story in outcome.stories if story.was_seen]
    good = [s for s in stories if s.truth >= 0]
    complete = [s for s in stories if s.is_complete]
    kept = [s for s in stories if s.is_kept]
    removed = [s for s in stories if s.was_deprecated]
    wrong = [s for s in kept if s.truth <= -0.1] + [s for s in removed if s.truth >= 0]
    return {
        "worlds": str(len(outcomes)),
        "rank correlation with the truth": correlation(outcomes, lambda o: o.value),
        "area under the curve for harm": mean(harm_area(o.truth, o.value) for o in outcomes),
        "good learnings ever deprecated": share(s.was_deprecated for s in good),
        "    exact 95 % interval": interval(s.was_deprecated for s in good),
        "effects <= -0.3 found": share(s.was_deprecated for s in stories if s.truth <= BIG_HARM),
        "effects <= -0.3 called harmful or removed": share(
            s.was_deprecated or s.is_harmful for s in stories if s.truth <= BIG_HARM
        ),
        "effects -0.3 to -0.1 found": share(s.was_deprecated for s in stories if BIG_HARM < s.truth <= -0.1),
        "effects >= +0.2 kept": share(s.is_kept for s in stories if s.truth >= BIG_HELP),
        "null ever is_significant": share(s.was_significant for s in stories if s.truth == 0),
        "truth in the interval at every look": share(not s.was_uncovered for s in complete),
        "withheld a session": mean(o.withheld.mean() for o in outcomes),
        "mean outcome of a session": mean(o.outcomes.mean() for o in outcomes),
        "mean outcome of the last 1,000": mean(o.outcomes[-1000:].mean() for o in outcomes),
        "wrong among keep and remove": ratio(len(wrong), len(kept) + len(removed)),
        "keep though effect <= -0.1": share(s.is_kept for s in stories if s.truth <= -0.1),
        "    exact 95 % interval of it": interval(s.is_kept for s in stories if s.truth <= -0.1),
        **calibration(complete),
        "baseline: rank correlation": correlation(outcomes, lambda o: o.naive.value),
        "baseline: area for harm": mean(harm_area(o.truth, o.naive.value) for o in outcomes),
        "baseline: good learnings deprecated": share(
            gone for o in outcomes for gone in o.naive.was_deprecated[o.truth >= 0]
        ),
        "baseline: effects <= -0.3 found": share(
            gone for o in outcomes for gone in o.naive.was_deprecated[o.truth <= BIG_HARM]
        ),
    }


def calibration(stories: list[Story]) -> dict[str, str]:
    """Among learnings with an effect: stated chance that the sign is right, (1 + confidence) / 2, beside how often it is."""
    table = {}
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        chosen = [s for s in stories if s.truth and low <= s.confidence < high]
        stated = float(np.mean([(1 + s.confidence) / 2 for s in chosen])) if chosen else math.nan
        right = float(np.mean([s.shrunk * s.truth > 0 for s in chosen])) if chosen else math.nan
        table[f"sign right at confidence {low:.2f} to {min(high, 1):.2f}"] = (
            f"{stated:.2f} -> {right:.2f} ({len(chosen)})"
        )
    return table


def mean(numbers: Iterable[float]) -> str:
    return f"{np.mean(list(numbers)):.3f}"


def share(flags: Iterable[bool]) -> str:
    listed = list(flags)
    return ratio(sum(listed), len(listed))


def ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2%} ({part}/{whole})" if whole else "none"


def correlation(outcomes: list["Outcome"], value: Callable[["Outcome"], Floats]) -> str:
    """Ranks of values and of true effects; none where all effects are the same."""
    told = [spearmanr(o.truth, value(o)).statistic for o in outcomes if np.ptp(o.truth)]
    return mean(told) if told else "none"


def harm_area(truth: Floats, value: Floats) -> float:
    """Chance that a harmful learning is valued lower than another one."""
    harmful = truth < 0
    ranks = rankdata(-value)
    n = int(harmful.sum())
    if not n:
        return math.nan
    return float((ranks[harmful].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def interval(flags: Iterable[bool]) -> str:
    """Clopper and Pearson's."""
    listed = list(flags)
    if not listed:
        return "none"
    low, high = binomtest(sum(listed), len(listed)).proportion_ci(method="exact")
    return f"{low:.2%} to {high:.2%}"


def show(columns: dict[str, dict[str, str]]) -> None:
    print(f"\n{'':45}" + "".join(f"{name:>24}" for name in columns))
    for row in next(iter(columns.values())):
        print(f"{row:45}" + "".join(f"{column.get(row, ''):>24}" for column in columns.values()))
