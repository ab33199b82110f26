"""Can a learning's experiment be trusted? What its own sums give away (experiments.md 12)."""

from dataclasses import dataclass

from worker.layers.statistics.distributions import chi_square_tail
from worker.layers.statistics.sums import MICRO, LearningSums
from worker.settings.layers import AblationParameters

#: a sample-ratio mismatch is so rarely an accident that something is broken
_ALARM = 0.001
#: of the withheld sessions: with more of them contaminated, the experiment sees visibly less than the truth
_CONTAMINATED = 0.05
#: with fewer eligible sessions nothing safe works
_TOO_FEW = 100
#: Cochran: below this many expected in a cell, χ² is no longer the distribution
_EXPECTED = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExperimentHealth:
    eligible_sessions: int
    #: p of the chi-square test that withholding happened as often as its chances say; None while too few to test
    sample_ratio_p: float | None
    has_sample_ratio_mismatch: bool
    #: an arm is too small for the experiment to say anything
    has_too_few: bool
    #: share of the withheld sessions whose context showed the learning all the same
    contaminated_share: float
    #: share of all sessions where event and assignment log disagree about who was withheld
    mismatched_share: float
    #: so many of the withheld sessions that the experiment sees visibly less than the truth
    is_contaminated: bool
    #: sentences for a person; empty when all is well
    notes: tuple[str, ...]


def experiment_health(sums: LearningSums, parameters: AblationParameters) -> ExperimentHealth:
    with_, without = sums.n_randomised(was_withheld=False), sums.n_randomised(was_withheld=True)
    p = sample_ratio_p(sums)
    withheld = sums.n_records - sums.n_injected
    contaminated = sums.n_contaminated / withheld if withheld else 0.0
    mismatched = sums.n_mismatched / sums.n_records if sums.n_records else 0.0
    notes = [
        _about_the_ratio(p),
        f"{contaminated:.0%} of the withheld sessions had it in their context all the same" if contaminated else "",
        f"event and assignment log disagree in {mismatched:.0%} of the sessions" if mismatched else "",
        _about_the_number(with_, without, parameters),
    ]
    return ExperimentHealth(
        eligible_sessions=with_ + without,
        sample_ratio_p=p,
        has_sample_ratio_mismatch=p is not None and p < _ALARM,
        has_too_few=min(with_, without) < parameters.min_sessions_per_arm,
        contaminated_share=contaminated,
        mismatched_share=mismatched,
        is_contaminated=contaminated > _CONTAMINATED,
        notes=tuple(note for note in notes if note),
    )


def sample_ratio_p(sums: LearningSums) -> float | None:
    """Chi-square over the chances p, one degree of freedom each; those with too few sessions for it are taken together."""
    terms, rest = [], (0.0, 0.0)
    for surplus, variance, expected in _strata(sums):
        if expected >= _EXPECTED:
            terms.append(surplus * surplus / variance)
        else:
            rest = (rest[0] + surplus, rest[1] + variance)
    if rest[1] >= _EXPECTED:
        terms.append(rest[0] ** 2 / rest[1])
    return chi_square_tail(sum(terms), len(terms)) if terms else None


def _strata(sums: LearningSums) -> list[tuple[float, float, float]]:
    """Per p, ascending: withheld sessions above expectation, their variance, and the rarer arm's expected number."""
    counts: dict[int, list[int]] = {}
    for cell, count in sums.arms.items():
        counts.setdefault(cell.p_micro, [0, 0])[cell.was_withheld] += count.records
    strata = []
    for p_micro, (with_, without) in sorted(counts.items()):
        n, p = with_ + without, p_micro / MICRO
        strata.append((without - n * p, n * p * (1 - p), n * min(p, 1 - p)))
    return strata


def _about_the_ratio(p: float | None) -> str:
    if p is None or p >= _ALARM:
        return ""
    return f"sample ratio mismatch (p = {p:.1e}): sessions are not withheld as assigned, so do not trust the experiment"


def _about_the_number(with_: int, without: int, parameters: AblationParameters) -> str:
    eligible, needed = with_ + without, parameters.min_sessions_per_arm
    if min(with_, without) >= needed:
        return ""
    if eligible < _TOO_FEW:
        sessions = "session" if eligible == 1 else "sessions"
        return f"only {eligible} eligible {sessions}: below about {_TOO_FEW} nothing can be said safely"
    rate = parameters.rate_in_force
    if rate and eligible < needed / rate:
        return f"{eligible} eligible sessions: about {needed / rate:.0f} complete an experiment at {rate:.0%}"
    return ""
