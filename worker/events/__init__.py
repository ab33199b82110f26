"""The messages that come in and go out, and how they are read: everything from outside is checked here, once.

wire.py          JSON, times, ids and numbers
lightweight.py   LightweightEvent: signals seen while a session ran
heavy.py         HeavyEvent: one finished session, in groove's own form or flat
attributed.py    what we publish for one finished attempt
"""

from worker.events.attributed import attempt_id, session_attributed
from worker.events.heavy import HeavyEvent, read_heavy_event
from worker.events.lightweight import LightweightEvent, read_lightweight_event
from worker.events.wire import (
    Identifier,
    Incoming,
    Share,
    Timestamp,
    derived_id,
    format_timestamp,
    parse_timestamp,
    read_json_object,
    validated,
)

__all__ = [
    "HeavyEvent",
    "Identifier",
    "Incoming",
    "LightweightEvent",
    "Share",
    "Timestamp",
    "attempt_id",
    "derived_id",
    "format_timestamp",
    "parse_timestamp",
    "read_heavy_event",
    "read_json_object",
    "read_lightweight_event",
    "session_attributed",
    "validated",
]
