"""What a learning's own sums say about whether its experiment can be trusted."""

from dataclasses import replace

import pytest
from scipy.stats import chi2
from unit.layers.worlds import arms, record

from worker.layers.ablation.experiment_health import experiment_health, sample_ratio_p
from worker.layers.statistics.sums import LearningSums
from worker.settings.layers import AblationParameters

PARAMETERS = AblationParameters()


def test_sessions_withheld_as_assigned_raise_no_alarm() -> None:
    """103 of 1,000 at 10 %."""
    health = experiment_health(arms((400, 0, 0, 497), (50, 0, 0, 53)), PARAMETERS)
    assert not health.has_sample_ratio_mismatch
    assert health.notes == ()


def test_a_sample_ratio_mismatch_is_an_alarm() -> None:
    """150 of 1,000 at 10 %: chi-square 27.8 on one degree of freedom."""
    health = experiment_health(arms((400, 0, 0, 450), (50, 0, 0, 100)), PARAMETERS)
    assert health.sample_ratio_p == pytest.approx(1.36e-7, rel=0.01)
    assert health.has_sample_ratio_mismatch
    assert health.notes[0].startswith("sample ratio mismatch (p = 1.4e-07)")


@pytest.mark.parametrize(("withheld", "p", "alarm"), [(131, 0.0010843, False), (132, 0.00074328, True)])
def test_the_alarm_is_at_one_in_a_thousand(withheld: int, p: float, alarm: bool) -> None:
    """Of 1,000 sessions at 10 %, the 132nd that is withheld rings it."""
    health = experiment_health(arms((0, 0, 0, 1000 - withheld), (0, 0, 0, withheld)), PARAMETERS)
    assert health.sample_ratio_p == pytest.approx(p, rel=1e-4)
    assert health.has_sample_ratio_mismatch is alarm
    assert bool(health.notes) is alarm


def test_each_chance_is_tested_on_its_own() -> None:
    """Too many withheld at 10 % do not cancel against too few at 50 %."""
    sums = arms((400, 0, 0, 450), (50, 0, 0, 100), 0.1) + arms((100, 0, 0, 200), (100, 0, 0, 100), 0.5)
    p = sample_ratio_p(sums)
    assert p is not None
    assert p < 1e-6


def test_too_few_sessions_are_not_tested() -> None:
    """Five expected sessions an arm are needed for the chi-square; chances with fewer are taken together."""
    few = arms((5, 0, 0, 0), (5, 0, 0, 0), 0.1)
    assert sample_ratio_p(few) is None
    assert (
        sample_ratio_p(few + arms((20, 0, 0, 10), (1, 0, 0, 2), 0.11) + arms((20, 0, 0, 10), (1, 0, 0, 2), 0.12))
        is not None
    )


@pytest.mark.parametrize(
    ("with_", "without", "note"),
    [
        (80, 8, "only 88 eligible sessions: below about 100 nothing can be said safely"),
        (140, 12, "152 eligible sessions: about 200 complete an experiment at 10%"),
    ],
)
def test_too_few_eligible_sessions_are_said(with_: int, without: int, note: str) -> None:
    """Below about 100 nothing safe works, below 200 a 10 % experiment cannot complete."""
    assert experiment_health(arms((with_, 0, 0, 0), (without, 0, 0, 0)), PARAMETERS).notes == (note,)


def test_contamination_is_a_share_of_the_withheld_sessions() -> None:
    """One of four withheld sessions had the learning in its context all the same."""
    sums = sum(
        (LearningSums.of(record(f"s{n}", withheld=n < 4, contaminated=n == 0)) for n in range(40)), LearningSums()
    )
    assert experiment_health(sums, PARAMETERS).contaminated_share == 0.25


def test_a_learning_without_records_is_judged_by_nothing() -> None:
    """No division by nothing."""
    health = experiment_health(LearningSums(), PARAMETERS)
    assert (health.sample_ratio_p, health.contaminated_share, health.mismatched_share) == (None, 0.0, 0.0)


def test_chances_with_few_sessions_are_tested_as_one() -> None:
    """Their surpluses and variances add up; and of a high chance the sessions that kept the learning are the rarer arm."""
    few = arms((20, 0, 0, 10), (1, 0, 0, 6), 0.11) + arms((20, 0, 0, 10), (1, 0, 0, 6), 0.12)
    surplus = 14 - 37 * 0.11 - 37 * 0.12
    assert sample_ratio_p(few) == pytest.approx(chi2.sf(surplus**2 / (37 * 0.11 * 0.89 + 37 * 0.12 * 0.88), 1))
    high = arms((1, 0, 0, 1), (20, 0, 0, 18), 0.9)
    assert sample_ratio_p(high) is None


@pytest.mark.parametrize(("cell", "is_tested"), [((25, 25), True), ((24, 25), False)])
def test_five_expected_sessions_are_enough(cell: tuple[int, int], is_tested: bool) -> None:
    """50 sessions at 10 %; 49 are one too few."""
    with_, without = cell
    assert (sample_ratio_p(arms((with_, 0, 0, 0), (without, 0, 0, 0))) is not None) is is_tested


@pytest.mark.parametrize(("without", "has_too_few"), [(19, True), (20, False)])
def test_an_arm_needs_its_sessions(without: int, has_too_few: bool) -> None:
    """Twenty, as the settings say, and every randomised session is eligible."""
    health = experiment_health(arms((180, 0, 0, 0), (without, 0, 0, 0)), PARAMETERS)
    assert (health.eligible_sessions, health.has_too_few) == (180 + without, has_too_few)


@pytest.mark.parametrize(
    ("with_", "without", "note"),
    [
        (1, 0, "only 1 eligible session: below about 100 nothing can be said safely"),
        (2, 0, "only 2 eligible sessions: below about 100 nothing can be said safely"),
        (90, 10, "100 eligible sessions: about 200 complete an experiment at 10%"),
        (185, 15, ""),
    ],
)
def test_numbers_at_their_limits(with_: int, without: int, note: str) -> None:
    """100 sessions are not below 100, and 200 are enough for an experiment at 10 %: chance was against it."""
    assert "".join(experiment_health(arms((with_, 0, 0, 0), (without, 0, 0, 0)), PARAMETERS).notes) == note


def test_where_nothing_is_withheld_no_number_of_sessions_is_promised() -> None:
    """At a rate of 0 no experiment completes."""
    off = AblationParameters(rate=0, suspect_rate=0)
    assert experiment_health(arms((150, 0, 0, 0), (0, 0, 0, 0), 0.01), off).notes == ()


def test_what_went_wrong_is_said_in_shares() -> None:
    """Contamination of the withheld sessions, disagreement of all sessions."""
    sums = sum(
        (
            LearningSums.of(
                replace(record(f"s{n}", withheld=n < 20, contaminated=n < 5), assignment_mismatch=n < 50, epoch=1)
            )
            for n in range(200)
        ),
        LearningSums(),
    )
    health = experiment_health(sums, PARAMETERS)
    assert (health.contaminated_share, health.mismatched_share) == (0.25, 0.25)
    assert "25% of the withheld sessions had it in their context all the same" in health.notes
    assert "event and assignment log disagree in 25% of the sessions" in health.notes
