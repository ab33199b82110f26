"""Where a learning helps and where it hurts: groups drawn towards the whole, and flagged only where they stand out of all."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.layers.ablation.fleet import Fleet
from worker.layers.aggregation.breakdown import GroupEffect, Sample, breakdown
from worker.layers.statistics.sums import MICRO
from worker.settings.layers import LayerParameters


def samples(name: str, *, n: int, effect: float, seed: int = 1) -> list[Sample]:
    """So many sessions of one project, half of them with the learning."""
    chance = random.Random(f"{name} {seed}")
    found = []
    for at in range(n):
        withheld = at % 2 == 0
        success = chance.random() < 0.5 + (0.0 if withheld else effect / 2)
        found.append(Sample((f"project={name}",), withheld, MICRO // 2, 1000 if success else -1000))
    return found


def told(given: list[Sample]) -> dict[str, GroupEffect]:
    return {one.group: one for one in breakdown(given, LayerParameters(), Fleet())}


def test_a_project_that_it_hurts_stands_out() -> None:
    """It helps in three projects and hurts in one: that one differs, and its effect is below nothing."""
    given = [one for name in "abc" for one in samples(name, n=400, effect=0.4)] + samples("bad", n=400, effect=-0.6)
    found = told(given)
    assert found["bad"].differs
    assert found["bad"].high < 0 < found["a"].low
    assert (found["bad"].sessions_with, found["bad"].sessions_without) == (200, 200)


@pytest.mark.parametrize("seed", range(5))
def test_projects_that_are_alike_do_not_differ(seed: int) -> None:
    """However many are looked at."""
    given = [one for name in range(20) for one in samples(str(name), n=60, effect=0.2, seed=seed)]
    assert not any(one.differs for one in told(given).values())


def test_a_small_group_says_what_the_whole_says() -> None:
    """A dozen sessions that went badly hardly move it; hundreds do."""
    whole = samples("large", n=2000, effect=0.4)
    few = told([*whole, *samples("small", n=16, effect=-1.0)])["small"]
    many = told([*whole, *samples("small", n=1200, effect=-0.9)])["small"]
    assert few.difference < 0 < few.effect
    assert many.effect < -0.4


def test_a_group_without_enough_sessions_or_a_rest_is_not_shown() -> None:
    """Nine sessions; and the only project there is."""
    assert "small" not in told([*samples("large", n=200, effect=0.0), *samples("small", n=9, effect=0.0)])
    assert told(samples("only", n=200, effect=0.3)) == {}
    assert told([]) == {}


@given(st.randoms(use_true_random=False))
def test_the_order_of_sessions_changes_no_group(chance: random.Random) -> None:
    """Not a bit."""
    given = [one for name in "abc" for one in samples(name, n=40, effect=0.3)]
    assert breakdown(chance.sample(given, len(given)), LayerParameters(), Fleet()) == breakdown(
        given, LayerParameters(), Fleet()
    )
