"""The ledger's clock is the database's: no clock of a worker or a bridge decides anything.

PostgreSQL has a clock of its own. SQLite has that of its one machine, which may be set back or ahead; so a stored time that lies
in the future counts as past.
"""

from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, or_, text

from worker.system.clock import SECOND, now_micros

#: a stored time later than this after now was written before the clock was set back
MOST_AHEAD = 60 * SECOND


class LedgerClock(Protocol):
    def __call__(self, connection: Connection) -> int:
        """Microseconds since 1970, UTC, as everybody who opens this ledger reads them."""
        ...


def database_clock(connection: Connection) -> int:
    """The server's time with PostgreSQL, the machine's with SQLite."""
    if connection.dialect.name == "sqlite":
        return now_micros()
    return int(connection.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")) or 0)


def is_before(column: Any, moment: Any, now: Any) -> ColumnElement[bool]:
    """The stored time lies before `moment`, or in the future of `now`: then it was written before the clock was set back."""
    return or_(column < moment, is_ahead(column, now))


def is_ahead(column: Any, now: Any) -> ColumnElement[bool]:
    """The stored time lies in the future."""
    ahead: ColumnElement[bool] = column > now + MOST_AHEAD
    return ahead
