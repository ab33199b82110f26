"""Which chances a hash is compared with, and to how many digits."""

import re

import pytest

from worker.layers.ablation.assignment import is_withheld, uniform

PAIRS = [{"salt": "salt", "learning_id": "mine", "session_id": f"session-{number}"} for number in range(200)]


@pytest.mark.parametrize(("probability", "withheld"), [(0, 0), (1, 200)])
def test_never_and_always_are_chances_too(probability: float, withheld: int) -> None:
    """0 withholds from no session, 1 from every one."""
    assert sum(is_withheld(**pair, probability=probability) for pair in PAIRS) == withheld


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_what_is_no_chance_is_refused(probability: float) -> None:
    """With the number in the message."""
    with pytest.raises(ValueError, match=re.escape(f"lies in [0, 1], not {probability}")):
        is_withheld(**PAIRS[0], probability=probability)


def test_chances_count_to_six_digits() -> None:
    """As records keep them: a seventh digit never makes a difference between who withholds and who analyses."""
    millionths = [(int(uniform(**pair) * 1e6), pair) for pair in PAIRS if uniform(**pair) * 1e6 % 1 < 0.4]
    assert len(millionths) > 20
    for whole, pair in millionths:
        assert not is_withheld(**pair, probability=(whole + 0.45) / 1e6)
        assert is_withheld(**pair, probability=(whole + 0.55) / 1e6)
