"""How long a door is tried: some hundred examples in an ordinary run, minutes where the environment says so."""

import os
import random
import time
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis.strategies import SearchStrategy

MINUTES = float(os.environ.get("GROOVE_TEST_FUZZ_MINUTES", "0"))
#: processor seconds that one example may take
_MOST = 2.0

_Value = TypeVar("_Value")


def try_door(door: Callable[[_Value], object], values: SearchStrategy[_Value], *, examples: int = 150) -> None:
    """Whatever the door raises is a finding, and so is an example that holds it for seconds; hypothesis shrinks it."""
    until = time.monotonic() + 60 * MINUTES
    number = 0
    while number == 0 or time.monotonic() < until:
        _round(door, values, examples, random.randrange(2**32) if number else 0)
        number += 1


def _round(door: Callable[[_Value], object], values: SearchStrategy[_Value], examples: int, number: int) -> None:
    @seed(number)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(values)
    def once(value: _Value) -> None:
        began = time.process_time()
        door(value)
        took = time.process_time() - began
        note(f"{took:.2f} s of processor time")
        assert took < _MOST

    once()
