"""What users may set about the four layers: names, defaults and bounds (statistics.md 1).

Here and not in the layers, so that `settings.py` can list them for every process, and the bridge still loads no layer.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ActivationParameters(Parameters):
    """Layer 1: whether a session used a learning."""

    detector: str = Field(
        default="hybrid",
        pattern=r"^(hybrid|[\w.]+:\w+)$",
        description="What decides whether a session used a learning: `hybrid`, or `package.module:Class` of your own, which is called "
        "with these parameters and implements `ActivationDetector`.",
    )
    similarity_threshold: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="A learning counts as used when its activation confidence is at least this. Higher: fewer, surer uses.",
    )
    reference_boost: float = Field(
        default=0.15,
        ge=0,
        le=1,
        description='Added to the best cosine when the session refers to the learning explicitly; only with `calibration = "raw"`.',
    )
    calibration: Literal["calibrated", "raw"] = Field(
        default="calibrated",
        description="What the activation confidence is: `calibrated`, a probability, or `raw`, the cosine of the best chunk plus "
        "`reference_boost`.",
    )
    judge: str | None = Field(
        default=None,
        pattern=r"^litellm:\S+$",
        description="`litellm:MODEL`: a language model (extra `judge`) that is asked about likely pairs while a session is prepared, one "
        "request per session. It is sent the learnings' texts and quotes of the session. Unset: none.",
    )
    judge_from: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="The judge is asked about a pair whose probability is at least this, or that cannot be told. Lower: more uses are "
        "found, and more tokens are used.",
    )
    judge_tokens_per_day: int = Field(
        default=200_000,
        ge=0,
        description="What the judge may use in a day (UTC) on this machine; beyond, pairs stay as they are.",
    )
    candidate_floor: float = Field(
        default=0.4,
        ge=0,
        le=1,
        description="Near misses that score at least this are kept for explanations and what-if runs. Lower: more is stored.",
    )


class TemporalParameters(Parameters):
    """Layer 2: how the signals after a use count."""

    decay_rate: float = Field(
        default=0.2,
        ge=0,
        description="Decay per message: a signal d messages after the use weighs exp(-decay_rate * d). 0: distance does not matter.",
    )
    max_distance: int = Field(
        default=10, ge=0, description="Messages; a signal further away from the use does not count."
    )
    net_kappa: float = Field(
        default=1.0,
        gt=0,
        description="Shrinks a session's balance of positive and negative signals, net / (P + N + net_kappa). Higher: a few signals "
        "say less.",
    )


class AblationParameters(Parameters):
    """Layer 3: experiments, in which learnings are withheld at random."""

    enabled: bool = Field(
        default=True,
        description="Whether learnings are withheld from sessions at random. When `false`, nothing is withheld any more and what was "
        "recorded stays.",
    )
    rate: float = Field(
        default=0.10,
        ge=0,
        lt=1,
        description="Probability that an eligible learning is withheld from a session. Higher: verdicts come sooner, and more sessions "
        "go without good learnings. The bridge and the store server must have the same.",
    )
    start_rate: float = Field(
        default=0.25,
        ge=0,
        lt=1,
        description="The probability instead of `rate` until five sessions went without a learning.",
    )
    suspect_rate: float = Field(
        default=0.50,
        ge=0,
        lt=1,
        description="The probability instead of `rate` while a learning is on trial, suspected of harm, or harms with a chance above "
        "`harm_chance`. Equal to `rate`: no difference.",
    )
    harm_chance: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Chance of an effect below minus `verdict_margin` from which on `suspect_rate` is in force. 1: never.",
    )
    promise_rate: float = Field(
        default=0.25,
        ge=0,
        lt=1,
        description="The probability instead of `rate` while a learning helps with a chance above `promise_chance`, until its verdict.",
    )
    promise_chance: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="Chance of an effect above `verdict_margin` from which on `promise_rate` is in force. 1: never.",
    )
    most_withheld: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Largest share of a session's learnings that is withheld on average: their probabilities are scaled down to it. "
        "1: no limit.",
    )
    min_sessions_per_arm: int = Field(
        default=20,
        ge=2,
        description="Randomised sessions needed with and without a learning, each, before its experiment is complete.",
    )
    significance_level: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Level of the always-valid test and of the interval that the verdicts use: 0.05 gives 95 % intervals.",
    )
    verdict_margin: float = Field(
        default=0.1,
        gt=0,
        description="Effects within plus or minus this are not worth a decision: it bounds the verdicts keep and harmless.",
    )
    variance_floor: float = Field(
        default=0.01,
        gt=0,
        description="Least variance of outcomes that is assumed of the fleet, so that a few equal sessions do not look certain.",
    )
    effect_prior_sd: float = Field(
        default=0.2,
        gt=0,
        description="Standard deviation of a learning's effect that is expected beforehand. Lower: estimates stay nearer to 0 for longer.",
    )
    variance_prior_df: float = Field(
        default=60,
        gt=0,
        description="Sessions; each arm's variance is drawn towards the whole fleet's with this weight. Higher: small arms borrow more.",
    )
    harm_prior_sd: float = Field(
        default=0.3,
        gt=0,
        description="Standard deviation of a harmful effect that is expected beforehand; only the odds for harm use it.",
    )
    salt: str = Field(
        default="groove-ablation-1",
        description="Mixed into the hash that assigns sessions, so that two installations randomise independently. A new salt assigns "
        "anew.",
    )

    @property
    def rate_in_force(self) -> float:
        """`rate`, or 0 when nothing is withheld."""
        return self.rate if self.enabled else 0.0


class AggregationParameters(Parameters):
    """Layer 4: what a learning is worth over all sessions, and when it is deprecated."""

    temporal_weight: float = Field(
        default=0.6, ge=0, description="Weight of the observed (temporal) value in a learning's value."
    )
    ablation_weight: float = Field(
        default=0.4, ge=0, description="Weight of the experiment's result in a learning's value."
    )
    temporal_prior_sessions: float = Field(
        default=10,
        ge=0,
        description="The observed value is shrunk towards 0 as if by so many sessions of no effect.",
    )
    temporal_confidence_cap: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Observation alone never reaches more confidence than this.",
    )
    deprecation_threshold: float = Field(
        default=-0.2, ge=-1, le=1, description="A learning is deprecated only when its value is below this."
    )
    deprecation_confidence: float = Field(
        default=0.8, ge=0, le=1, description="A learning is deprecated only when its confidence is above this."
    )
    min_sessions_for_deprecation: int = Field(
        default=10, ge=0, description="A learning is deprecated only after at least so many sessions."
    )
    min_sessions_per_arm_for_deprecation: int = Field(
        default=30,
        ge=2,
        description="A learning is deprecated only after so many randomised sessions with it, and so many without.",
    )
    false_removals: float = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="Of the learnings that are deprecated, at most this share is wrong on average, over all learnings together. 0: each "
        "learning is judged alone, by `harm_alpha`.",
    )
    harm_alpha: float = Field(
        default=0.005,
        gt=0,
        lt=1,
        description="Until the first refresh, and with `false_removals` at 0, a learning is judged alone. It is deprecated only when the "
        "Bayes factor for harm is at least 1 / harm_alpha.",
    )


class OutlookParameters(Parameters):
    """How well a session was to be expected to end, which experiments take off its outcome."""

    mode: Literal["folds", "past", "off"] = Field(
        default="folds",
        description="What a session's outlook is fitted on: `folds`, the sessions of other folds; `past`, those of earlier days, which is "
        "strict and somewhat weaker; `off`: outcomes count as they are.",
    )


class LayerParameters(Parameters):
    """All of them; one value travels from the settings to wherever layers are built."""

    activation: ActivationParameters = ActivationParameters()
    temporal: TemporalParameters = TemporalParameters()
    ablation: AblationParameters = AblationParameters()
    aggregation: AggregationParameters = AggregationParameters()
    outlook: OutlookParameters = OutlookParameters()
