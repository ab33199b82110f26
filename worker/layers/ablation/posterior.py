"""What an observed difference between two arms says about the effect, given how exact it is (statistics.md 6).

Effects are thought of as normal around 0 with standard deviation τ. That one prior gives the shrunk estimate; and because the
likelihood ratio against "no effect" is then a martingale, the p-value, the interval and the Bayes factor stay valid however often
one looks.
"""

import math
from typing import NamedTuple

from worker.layers.ablation.arms import Arm
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

    @property
    def log_bf_harm(self) -> float:
        """Logarithm of the Bayes factor of "it harms" over "it does nothing"."""
        return math.log(2) + self.log_evidence + log_normal_cdf(-self.z)


def posterior(with_: Arm, without: Arm, parameters: AblationParameters) -> Posterior | None:
    """None with an empty arm or n₁ + n₀ ≤ 2: there is nothing to estimate a variance from."""
    if not with_.records or not without.records or with_.n + without.n <= 2:
        return None
    d = with_.mean - without.mean
    v = variance(with_, without, parameters)
    prior = parameters.effect_prior_sd**2
    total = v + prior
    return Posterior(
        difference=d,
        variance=v,
        shrunk=d * prior / total,
        sd=math.sqrt(v * prior / total),
        z=d * math.sqrt(prior / (v * total)),
        log_evidence=d * d * prior / (2 * v * total) - math.log(total / v) / 2,
        half_width=half_width(v, parameters),
    )


def variance(with_: Arm, without: Arm, parameters: AblationParameters) -> float:
    """V: each arm's variance drawn towards the pooled one, so that an arm that happens not to vary is not taken for exact."""
    k0 = parameters.variance_prior_df
    degrees = with_.n + without.n - 2
    pooled = max(parameters.variance_floor, (with_.squares + without.squares) / degrees if degrees > 0 else 0.0)
    known = k0 * pooled
    return sum((arm.squares + known) / (arm.n - 1 + k0) / arm.n for arm in (with_, without))


def half_width(variance: float, parameters: AblationParameters) -> float:
    """Of the confidence sequence, which leaves the truth outside once in 1/`significance_level`, however often one looks."""
    prior = parameters.effect_prior_sd**2
    ratio = (variance + prior) / prior
    return math.sqrt(
        variance * ratio * (math.log(ratio * prior / variance) - 2 * math.log(parameters.significance_level))
    )
