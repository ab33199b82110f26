"""A value comes out of any sums under any settings, however far-fetched: a number, never an error."""

import dataclasses
import math

from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import arms, counts, value_of

from worker.layers.statistics.sums import LearningSums
from worker.settings.layers import AblationParameters, AggregationParameters, LayerParameters

chances = st.sampled_from([1e-6, 0.05, 0.1, 0.5, 0.999999])
mixed = st.lists(st.builds(arms, counts, counts, chances), min_size=1, max_size=3).map(
    lambda parts: sum(parts, LearningSums())
)
far_fetched = st.builds(
    lambda ablation, aggregation: LayerParameters(ablation=ablation, aggregation=aggregation),
    st.builds(
        AblationParameters,
        rate=st.sampled_from([0.0, 1e-6, 0.1, 0.999999]),
        suspect_rate=st.sampled_from([0.0, 0.5, 0.99]),
        min_sessions_per_arm=st.sampled_from([2, 20, 1000]),
        significance_level=st.floats(1e-9, 0.99),
        verdict_margin=st.floats(1e-6, 5),
        variance_floor=st.floats(1e-9, 10),
        effect_prior_sd=st.floats(1e-4, 1e3),
        variance_prior_df=st.floats(1e-6, 1e6),
    ),
    st.builds(
        AggregationParameters,
        temporal_weight=st.sampled_from([0.0, 0.6]),
        ablation_weight=st.sampled_from([0.0, 0.4]),
        temporal_prior_sessions=st.sampled_from([0.0, 10.0]),
        deprecation_threshold=st.floats(-1, 1),
    ),
)


@given(mixed, far_fetched)
def test_every_number_is_finite(sums: LearningSums, parameters: LayerParameters) -> None:
    """Sessions randomised at chances far apart, priors far too sharp or far too wide, rates of 0."""
    assert _is_finite(value_of(sums, parameters=parameters))


def _is_finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if dataclasses.is_dataclass(value):
        return all(_is_finite(getattr(value, field.name)) for field in dataclasses.fields(value))
    return True
