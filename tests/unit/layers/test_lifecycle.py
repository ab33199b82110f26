"""A learning's status and its next chance of being withheld, as functions of today's evidence and of people's decisions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.layers.worlds import arms, counts, value_of

from worker.domain import LearningStatus, Standing, VerdictKind
from worker.layers.ablation.fleet import Fleet
from worker.layers.ablation.strategy import ConservativeAblation
from worker.layers.statistics.sums import LearningSums, TemporalSums
from worker.settings.layers import AblationParameters, AggregationParameters, LayerParameters

ACTIVE = Standing(learning_id="mine")
HARM = arms((150, 130, 130, 130), (6, 6, 14, 34))
HELP = arms((12, 18, 40, 530), (15, 16, 16, 16))
NOTHING_YET = arms((20, 30, 45, 85), (2, 4, 5, 9))
HARMLESS = arms((1510, 1500, 1500, 4490), (1500, 1500, 1500, 4500), probability=0.5)
#: a little better with it than without, and far from harm
SETTLING = arms((50, 0, 0, 53), (50, 0, 0, 50), probability=0.5)
MILD_HARM = arms((900, 0, 0, 900), (766, 0, 0, 1034), probability=0.5)

standings = st.builds(
    Standing,
    learning_id=st.just("mine"),
    is_disabled=st.booleans(),
    is_pinned=st.booleans(),
    on_trial=st.booleans(),
)


def test_proven_harm_deprecates() -> None:
    """A large harm in a complete experiment ends the learning, with a reason that a person can read."""
    value = value_of(HARM)
    assert (value.status, value.verdict.kind) == (LearningStatus.DEPRECATED, VerdictKind.REMOVE)
    assert (value.status_reason or "").startswith(
        "harm is proven, and by estimate it is large (its effect lies between "
    )
    assert value.next_withhold_probability == 0.0


def test_deprecation_never_overrides_a_disable() -> None:
    """The rule holds, but a person spoke first: Disabled, with the person's reason."""
    value = value_of(HARM, replace(ACTIVE, is_disabled=True, reason="it shouts"))
    assert (value.status, value.status_reason) == (LearningStatus.DISABLED, "it shouts")


def test_an_enable_is_not_undone_by_the_next_event() -> None:
    """Enabling begins an epoch without records; one bad session more does not bring the deprecation back."""
    enabled = replace(ACTIVE, epoch=2)
    assert value_of(LearningSums(), enabled).status is LearningStatus.ACTIVE
    assert value_of(arms((1, 0, 0, 0), (0, 0, 0, 0)), enabled).status is LearningStatus.ACTIVE


def test_a_learning_that_recovers_is_not_stuck() -> None:
    """Late or replaced records that end the rule end the deprecation too."""
    recovered = HARM + arms((0, 0, 0, 600), (60, 0, 0, 0))
    assert value_of(HARM).status is LearningStatus.DEPRECATED
    assert value_of(recovered).status is LearningStatus.ACTIVE


def test_a_pinned_learning_is_measured_but_never_deprecated() -> None:
    """The verdict says remove, the status stays Active, and the experiment goes on."""
    value = value_of(HARM, replace(ACTIVE, is_pinned=True))
    assert (value.status, value.verdict.kind, value.pinned) == (LearningStatus.ACTIVE, VerdictKind.REMOVE, True)
    assert value.next_withhold_probability > 0


def test_a_trial_lasts_until_its_verdict() -> None:
    """On trial a learning is Experimental and withheld at the suspect rate while undecided, and Active afterwards."""
    on_trial = replace(ACTIVE, on_trial=True)
    running, settled = value_of(NOTHING_YET, on_trial), value_of(HELP, on_trial)
    assert (running.status, running.next_withhold_probability) == (LearningStatus.EXPERIMENTAL, 0.5)
    assert (settled.status, settled.next_withhold_probability) == (LearningStatus.ACTIVE, 0.0)


def test_sessions_of_one_arm_alone_raise_no_suspicion() -> None:
    """Withheld sessions without injected ones say nothing of harm: the rate is the ordinary one."""
    parameters = AblationParameters(harm_chance=0.99, promise_chance=0.99)
    value = value_of(arms((0, 0, 0, 0), (1, 1, 2, 4)), parameters=LayerParameters(ablation=parameters))
    assert (value.sessions_with, value.sessions_without) == (0, 8)
    assert value.next_withhold_probability == parameters.rate


@pytest.mark.parametrize(("sums", "expected"), [(NOTHING_YET, True), (arms((3, 3, 3, 3), (3, 3, 3, 3)), False)])
def test_an_experiment_so_far_says_whether_it_is_complete(sums: LearningSums, expected: bool) -> None:
    """With twenty sessions in each arm, and as a plain truth value in what is published."""
    strategy = ConservativeAblation()
    found = strategy.compute_marginal_value(sums, Fleet())
    assert found is not None
    assert found.is_complete is expected
    assert strategy.is_experiment_complete(sums) is expected


@given(counts, counts, standings)
def test_people_always_win(with_: tuple[int, ...], without: tuple[int, ...], standing: Standing) -> None:
    """Whatever the evidence: a disabled learning is Disabled, a pinned one never Deprecated, and neither of the two is withheld."""
    value = value_of(arms(with_, without), standing)
    assert (value.status is LearningStatus.DISABLED) == standing.is_disabled
    if standing.is_pinned:
        assert value.status is not LearningStatus.DEPRECATED
    if value.status is LearningStatus.DEPRECATED:
        assert value.verdict.kind is VerdictKind.REMOVE
    if value.status in {LearningStatus.DISABLED, LearningStatus.DEPRECATED}:
        assert value.next_withhold_probability == 0.0
    if value.status is LearningStatus.EXPERIMENTAL:
        assert standing.on_trial
        assert value.next_withhold_probability == 0.5


@given(counts, counts)
def test_an_observation_alone_never_deprecates(with_: tuple[int, ...], without: tuple[int, ...]) -> None:
    """Below twenty sessions an arm there is no verdict, no deprecation and at most half of the confidence."""
    sums = replace(
        arms(with_, without), temporal=TemporalSums(n_act=9000, a=9000 * 10**9, ab=-(9000 * 10**18), a2=9000 * 10**18)
    )
    value = value_of(sums)
    if min(value.sessions_with, value.sessions_without) < 20:
        assert (value.verdict.kind, value.status, value.experiment) == (
            VerdictKind.UNDECIDED,
            LearningStatus.ACTIVE,
            None,
        )
        assert value.confidence <= 0.5


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        (HARM, VerdictKind.REMOVE),
        (arms((40, 40, 50, 50), (0, 2, 6, 12)), VerdictKind.HARMFUL),
        (arms((40, 40, 50, 50), (0, 3, 9, 18)), VerdictKind.REMOVE),
        (MILD_HARM, VerdictKind.HARMFUL),
        (HELP, VerdictKind.KEEP),
        (HARMLESS, VerdictKind.HARMLESS),
        (NOTHING_YET, VerdictKind.UNDECIDED),
    ],
)
def test_verdicts(sums: LearningSums, expected: VerdictKind) -> None:
    """The first of remove, harmful, keep, harmless that applies, else undecided."""
    value = value_of(sums)
    assert value.verdict.kind is expected
    assert value.verdict.reason


class TestNextWithholdProbability:
    def test_a_new_learning_begins_gently(self) -> None:
        """A quarter of its sessions, until five went without it."""
        assert value_of(LearningSums()).next_withhold_probability == 0.25
        assert value_of(arms((20, 0, 0, 20), (0, 0, 0, 4))).next_withhold_probability == 0.25

    def test_harm_that_is_likely_enough_keeps_the_experiment_wide_open(self) -> None:
        """Five withheld sessions that went better: half of them; some that went as the others: the ordinary rate."""
        assert value_of(arms((20, 0, 0, 20), (0, 0, 0, 5))).next_withhold_probability == 0.5
        assert value_of(SETTLING).next_withhold_probability == 0.1

    def test_a_benefit_that_is_likely_enough_keeps_it_open(self) -> None:
        """A quarter, until the verdict keeps it."""
        promising = value_of(arms((12, 18, 40, 130), (5, 5, 6, 12)))
        assert (promising.verdict.kind, promising.next_withhold_probability) == (VerdictKind.UNDECIDED, 0.25)

    def test_a_rate_of_nothing_withholds_only_what_a_person_tries(self) -> None:
        """However likely the harm is."""
        parameters = LayerParameters(ablation=AblationParameters(rate=0.0))
        likely = arms((20, 0, 0, 20), (0, 0, 0, 5))
        assert value_of(likely, parameters=parameters).next_withhold_probability == 0.0
        assert value_of(likely, replace(ACTIVE, on_trial=True), parameters).next_withhold_probability == 0.5

    def test_suspicion_by_observation(self) -> None:
        """Bad signals after the uses raise the rate, until withheld sessions speak for the learning."""
        bad = TemporalSums(n_act=30, a=30 * 10**9, ab=-15 * 10**18, a2=30 * 10**18, a2b=-15 * 10**27, a2b2=10 * 10**36)
        assert value_of(replace(SETTLING, temporal=bad)).next_withhold_probability == 0.1
        doubtful = arms((50, 0, 0, 52), (50, 0, 0, 53), probability=0.5)
        assert value_of(doubtful).next_withhold_probability == 0.1
        assert value_of(replace(doubtful, temporal=bad)).next_withhold_probability == 0.5

    def test_suspicion_can_be_switched_off(self) -> None:
        """A suspect rate equal to the ordinary one."""
        parameters = LayerParameters(ablation=AblationParameters(suspect_rate=0.1, promise_rate=0.1))
        assert value_of(arms((20, 0, 0, 20), (0, 0, 0, 5)), parameters=parameters).next_withhold_probability == 0.1

    def test_a_settled_experiment_withholds_no_more(self) -> None:
        """Keep and harmless end it."""
        assert value_of(HELP).next_withhold_probability == 0.0
        assert value_of(HARMLESS).next_withhold_probability == 0.0

    def test_a_disabled_experiment_withholds_nothing(self) -> None:
        """`ablation.enabled = false` stops it for every learning, those on trial included, and says so."""
        parameters = LayerParameters(ablation=AblationParameters(enabled=False))
        value = value_of(NOTHING_YET, replace(ACTIVE, on_trial=True), parameters)
        assert (value.next_withhold_probability, value.verdict.sessions_needed) == (0.0, None)
        assert value.verdict.reason == "no experiment runs"

    def test_confidence_alone_ends_no_experiment(self) -> None:
        """However sure the value is: while the verdict is not in, withholding goes on."""
        promising = arms((12, 18, 40, 130), (5, 5, 6, 12))
        value = value_of(promising, parameters=LayerParameters(ablation=AblationParameters(verdict_margin=0.001)))
        assert value.confidence > 0.7
        assert value.next_withhold_probability == 0.25


def test_the_deprecation_threshold_is_a_setting() -> None:
    """At −0.1 a smaller harm is enough."""
    sooner = LayerParameters(aggregation=AggregationParameters(deprecation_threshold=-0.1))
    assert value_of(MILD_HARM).status is LearningStatus.ACTIVE
    assert value_of(MILD_HARM, parameters=sooner).status is LearningStatus.DEPRECATED
