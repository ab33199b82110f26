"""What users may set about the four layers: names, defaults and bounds (statistics.md 1).

Here and not in the layers, so that `settings.py` can list them for every process, and the bridge still loads no layer.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ActivationParameters(Parameters):
    #: "hybrid", or `package.module:Class` of your own: called with these parameters, it implements `ActivationDetector`
    detector: str = Field(default="hybrid", pattern=r"^(hybrid|[\w.]+:\w+)$")
    #: activated ⇔ confidence ≥ this
    similarity_threshold: float = Field(default=0.75, ge=0, le=1)
    #: added to the best cosine when there is an explicit reference; `calibration = "raw"` only
    reference_boost: float = Field(default=0.15, ge=0, le=1)
    #: "calibrated": confidence is a probability. "raw": cosine of the best chunk plus `reference_boost`
    calibration: Literal["calibrated", "raw"] = "calibrated"
    #: path or name of a cross-encoder that reads what is in doubt once more, while a session is prepared; unset: none
    second_look: str | None = None
    #: in doubt ⇔ the probability is at most this far from `similarity_threshold`
    second_look_margin: float = Field(default=0.25, ge=0, le=1)
    #: near misses scoring at least this are kept for explanations and what-if runs
    candidate_floor: float = Field(default=0.4, ge=0, le=1)


class TemporalParameters(Parameters):
    #: per message: a signal d messages after the use weighs e^(−decay_rate · d)
    decay_rate: float = Field(default=0.2, ge=0)
    #: messages; a signal further away counts nothing
    max_distance: int = Field(default=10, ge=0)
    #: κ in b = net / (P + N + κ)
    net_kappa: float = Field(default=1.0, gt=0)


class AblationParameters(Parameters):
    #: False: nothing is withheld any more; what was recorded stays
    enabled: bool = True
    #: chance that an eligible learning is withheld from a session
    ablation_rate: float = Field(default=0.10, ge=0, lt=1)
    #: the same while there is reason to suspect harm; equal to `ablation_rate`: off
    suspect_rate: float = Field(default=0.50, ge=0, lt=1)
    min_sessions_per_arm: int = Field(default=20, ge=2)
    significance_level: float = Field(default=0.05, gt=0, lt=1)
    #: δ: an effect within ±δ is not worth a decision
    verdict_margin: float = Field(default=0.1, gt=0)
    variance_floor: float = Field(default=0.01, gt=0)
    #: τ: prior standard deviation of an effect
    effect_prior_sd: float = Field(default=0.2, gt=0)
    #: k0: weight of the pooled variance, in sessions
    variance_prior_df: float = Field(default=20, gt=0)
    #: mixed into the hash, so that two installations randomise independently
    salt: str = "groove-ablation-1"


class AggregationParameters(Parameters):
    temporal_weight: float = Field(default=0.6, ge=0)
    ablation_weight: float = Field(default=0.4, ge=0)
    #: sessions by which the temporal value is shrunk towards 0
    temporal_prior_sessions: float = Field(default=10, ge=0)
    #: observational evidence alone never reaches more confidence than this
    temporal_confidence_cap: float = Field(default=0.5, ge=0, le=1)
    deprecation_threshold: float = Field(default=-0.3, ge=-1, le=1)
    deprecation_confidence: float = Field(default=0.8, ge=0, le=1)
    min_sessions_for_deprecation: int = Field(default=10, ge=0)
    #: Bayes factor for harm must exceed 1 / harm_alpha
    harm_alpha: float = Field(default=0.01, gt=0, lt=1)


class LayerParameters(Parameters):
    """All four; one value travels from the settings to wherever layers are built."""

    activation: ActivationParameters = ActivationParameters()
    temporal: TemporalParameters = TemporalParameters()
    ablation: AblationParameters = AblationParameters()
    aggregation: AggregationParameters = AggregationParameters()
