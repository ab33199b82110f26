"""What `groove show` says of a learning that never comes alone."""

import pytest

from worker.cli.show import notes_on
from worker.layers.ablation.companions import Companion


@pytest.mark.parametrize(("number", "lines"), [(0, 0), (5, 5), (6, 6), (200, 6)])
def test_companions_are_named_up_to_five(number: int, lines: int) -> None:
    """All others are a number; together they are all of them."""
    told = list(notes_on([Companion(learning_id=f"id-{place}", share=1.0) for place in range(number)]))
    assert len(told) == lines
    assert sum("the two cannot be told apart" in line for line in told) == min(number, 5)
    assert [line for line in told if "more" in line] == [
        f"always travels with {number - 5} more, too: --json names each"
    ] * (number > 5)
