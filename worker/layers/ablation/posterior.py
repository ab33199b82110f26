"""What an observed difference between two arms says about the effect, given how exact it is (statistics.md 6).

Effects are thought of as normal around 0 with standard deviation τ. That one prior gives the shrunk estimate; and because the
likelihood ratio against "no effect" is then a martingale, the p-value, the interval and the Bayes factor stay valid however often
one looks.
"""

import math
from typing import NamedTuple

from worker.layers.ablation.arms import Arm
from worker.layers.ablation.fleet import Fleet, is_comparable
from worker.layers.statistics.distributions import log_normal_cdf, two_sided_normal
from worker.settings.layers import AblationParameters


class Posterior(NamedTuple):
    #: d, the observed difference, and V, its variance
    difference: float
    variance: float
    #: posterior mean and standard deviation of the effect, and the one over the other
    shrunk: float
    sd: float
    z: float
    #: ln Λ: likelihood of "some effect" over "no effect"
    log_evidence: float
    #: half the width of the confidence sequence around `difference`
    half_width: float
    #: logarithm of the Bayes factor of "it harms" over "it does nothing"
    log_bf_harm: float

    @property
    def low(self) -> float:
        return self.difference - self.half_width

    @property
    def high(self) -> float:
        return self.difference + self.half_width

    @property
    def confidence(self) -> float:
        """2Φ(|z|) − 1, in [0, 1]."""
        return two_sided_normal(self.z)

    @property
    def p_anytime(self) -> float:
        return math.exp(-self.log_evidence) if self.log_evidence > 0 else 1.0


def posterior(with_: Arm, without: Arm, parameters: AblationParameters, fleet: Fleet) -> Posterior | None:
    """None with an empty arm or n₁ + n₀ ≤ 2."""
    if not is_comparable(with_, without):
        return None
    d = with_.mean - without.mean
    v = variance(with_, without, parameters, fleet)
    prior = parameters.effect_prior_sd**2
    total = v + prior
    return Posterior(
        difference=d,
        variance=v,
        shrunk=d * prior / total,
        sd=math.sqrt(v * prior / total),
        z=d * math.sqrt(prior / (v * total)),
        log_evidence=log_evidence(d, v, prior_sd=parameters.effect_prior_sd),
        half_width=half_width(v, parameters),
        log_bf_harm=log_bf_harm(d, v, prior_sd=parameters.harm_prior_sd),
    )


def variance(with_: Arm, without: Arm, parameters: AblationParameters, fleet: Fleet) -> float:
    """V: each arm's variance drawn towards the fleet's, so that arms that happen not to vary are not taken for exact."""
    k0 = parameters.variance_prior_df
    known = k0 * fleet.variance
    return sum((arm.squares + known) / (arm.n - 1 + k0) / arm.n for arm in (with_, without))


def half_width(variance: float, parameters: AblationParameters) -> float:
    """Half-width of the confidence sequence, which leaves the truth outside once in 1/`significance_level`, however often one looks."""
    prior = parameters.effect_prior_sd**2
    ratio = (variance + prior) / prior
    return math.sqrt(
        variance * ratio * (math.log(ratio * prior / variance) - 2 * math.log(parameters.significance_level))
    )


def log_evidence(difference: float, variance: float, *, prior_sd: float) -> float:
    """The logarithm of Λ, the likelihood of an effect drawn from the prior over that of none."""
    prior = prior_sd**2
    total = variance + prior
    return difference * difference * prior / (2 * variance * total) - math.log(total / variance) / 2


def log_bf_harm(difference: float, variance: float, *, prior_sd: float) -> float:
    """The half of the prior below zero over no effect at all."""
    z = difference * prior_sd / math.sqrt(variance * (variance + prior_sd**2))
    return math.log(2) + log_evidence(difference, variance, prior_sd=prior_sd) + log_normal_cdf(-z)
