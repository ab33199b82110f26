"""The clock that leases run by: everybody who shares a ledger must agree on it, whatever their own clocks say."""

import time
from typing import Protocol

from sqlalchemy import Connection, text

#: microseconds that clocks of one stack may be apart; what bears a later moment was written before a clock was set back
MOST_APART = 60_000_000


class LeaseClock(Protocol):
    def __call__(self, connection: Connection) -> int:
        """Microseconds, as everybody who opens this ledger reads them."""
        ...


def database_clock(connection: Connection) -> int:
    """PostgreSQL's own, for replicas on several machines; SQLite has one machine, whose clock will do."""
    if connection.dialect.name == "sqlite":
        return time.time_ns() // 1000
    return int(connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")) or 0)
