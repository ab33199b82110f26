"""Records and sums for the tests of the layers: shorthand and Hypothesis strategies."""

from hypothesis import strategies as st

from worker.domain import AttributionRecord, LearningValue, Standing
from worker.layers.ablation.fleet import Fleet
from worker.layers.aggregation.aggregator import WeightedAggregator
from worker.layers.statistics.sums import Cell, Count, LearningSums, TemporalSums
from worker.layers.temporal.correlation import attributed_value, bounded_net
from worker.settings.layers import LayerParameters

OUTCOMES = (-1.0, -0.5, 0.5, 1.0)


def record(
    session_id: str = "session",
    *,
    learning_id: str = "mine",
    outcome: float = 1.0,
    activation: float = 0.0,
    positive: float = 0.0,
    negative: float = 0.0,
    withheld: bool = False,
    probability: float = 0.1,
    contaminated: bool = False,
) -> AttributionRecord:
    was_activated = activation >= 0.75
    return AttributionRecord(
        learning_id=learning_id,
        session_id=session_id,
        timestamp=0,
        was_activated=was_activated,
        activation_confidence=activation,
        activation_signals=(),
        temporal_positive=positive,
        temporal_negative=negative,
        net_temporal=positive - negative,
        was_withheld=withheld,
        session_outcome=outcome,
        attributed_value=attributed_value(
            activation_confidence=activation,
            bounded=bounded_net(positive, negative),
            was_activated=was_activated,
            was_withheld=withheld,
        ),
        withhold_probability=probability,
        contaminated=contaminated,
    )


def arms(with_: tuple[int, ...], without: tuple[int, ...], probability: float = 0.1) -> LearningSums:
    """Sums of so many randomised, never activated sessions at the outcomes −1, −0.5, 0.5 and 1."""
    cells = {
        Cell(was_withheld, round(probability * 1e6), round(outcome * 1000)): Count(count, 0)
        for was_withheld, counts in ((False, with_), (True, without))
        for outcome, count in zip(OUTCOMES, counts, strict=True)
        if count
    }
    return LearningSums.of_cells(cells)


def value_of(
    sums: LearningSums,
    standing: Standing | None = None,
    parameters: LayerParameters | None = None,
    *,
    fleet: Fleet | None = None,
) -> LearningValue:
    return WeightedAggregator(parameters).value(
        sums=sums,
        global_sums=TemporalSums(n_act=1000, a=1000 * 10**9, a2=1000 * 10**18) + sums.temporal,
        fleet=fleet or Fleet(),
        standing=standing or Standing(learning_id="mine"),
        updated_at=0,
    )


records = st.builds(
    record,
    st.sampled_from([f"session-{number}" for number in range(30)]),
    learning_id=st.sampled_from(["mine", "other"]),
    outcome=st.one_of(st.sampled_from(OUTCOMES), st.floats(-1, 1)),
    activation=st.one_of(st.just(0.0), st.floats(0, 1)),
    positive=st.floats(0, 50),
    negative=st.floats(0, 50),
    withheld=st.booleans(),
    probability=st.one_of(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.floats(0, 1).map(lambda p: round(p, 6))),
    contaminated=st.booleans(),
)

counts = st.tuples(*[st.integers(0, 60)] * 4)
