"""This process's clock, in microseconds since 1970 (UTC): the unit of every time in the system."""

import time

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_micros() -> int:
    return time.time_ns() // 1000
