"""How much one event may ask for, and which moments a session may have: beyond, a dead letter says so.

Without limits one event takes the queue for itself, and one moment in the future stands above every correction.
"""

from worker.errors import InvalidEvent
from worker.formats.heavy_event import HeavyEvent
from worker.formats.lightweight_event import LightweightEvent
from worker.formats.wire import format_timestamp, parse_timestamp
from worker.system.clock import DAY

#: active and withheld ones of one session together
MAX_LEARNINGS = 5_000
#: of one session, or of one lightweight event
MAX_SIGNALS = 10_000
#: signals times learnings: every learning's record holds the session's signals
MAX_PAIRS = 1_000_000
#: before it no session ran: a clock that was never set, or a zero that means "no time"
EARLIEST = parse_timestamp("2000-01-01T00:00:00Z")
#: microseconds that a producer's clock may be ahead of the event log's
AHEAD = DAY


def check_heavy(event: HeavyEvent, *, logged_at: int) -> HeavyEvent:
    """The event itself. `logged_at`: when the event log took it, microseconds. Raises `InvalidEvent`."""
    check_moment(event.timestamp, logged_at=logged_at)
    learnings = len(event.expected_learnings)
    signals = sum(len(heard.signals) for heard in event.lightweight_events)
    _at_most(MAX_LEARNINGS, learnings, "active and withheld learnings")
    _at_most(MAX_SIGNALS, signals, "signals")
    _at_most(MAX_PAIRS, signals * learnings, "signals times learnings")
    return event


def check_lightweight(event: LightweightEvent, *, logged_at: int) -> LightweightEvent:
    """The event itself. Raises `InvalidEvent`."""
    if event.context is not None and event.context.timestamp is not None:
        check_moment(event.context.timestamp, logged_at=logged_at)
    _at_most(MAX_SIGNALS, len(event.signals), "signals")
    return event


def check_moment(timestamp: int, *, logged_at: int) -> None:
    """Raises `InvalidEvent` for a moment before 2000, or more than a day after the event log took the event."""
    if timestamp < EARLIEST:
        raise InvalidEvent(f"timestamp: {format_timestamp(timestamp)} is before the year 2000: is a clock not set?")
    if timestamp > logged_at + AHEAD:
        taken = format_timestamp(logged_at)
        raise InvalidEvent(
            f"timestamp: {format_timestamp(timestamp)} is more than a day after the event log took it ({taken}): "
            "no later version could correct this session"
        )


def _at_most(limit: int, number: int, what: str) -> None:
    if number > limit:
        raise InvalidEvent(f"{number} {what} in one event, more than {limit}")
