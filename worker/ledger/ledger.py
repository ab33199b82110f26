"""The ledger as its users hold it: one connection pool, and the operations grouped by who needs them."""

from sqlalchemy import text

from worker.ledger.clock import LedgerClock, database_clock
from worker.ledger.counts import Counting
from worker.ledger.database import Database
from worker.ledger.dead_letters import DeadLetters
from worker.ledger.forget import Forgetting
from worker.ledger.history import SessionHistory
from worker.ledger.intake import Intake
from worker.ledger.listing import Listing
from worker.ledger.migrate import bring_up_to_date
from worker.ledger.outbox import Outbox
from worker.ledger.partitions import Partitions
from worker.ledger.retention import Retention
from worker.ledger.retries import Retries
from worker.ledger.sweep import Sweep
from worker.ledger.work import TaskWork
from worker.system.clock import SECOND


class Ledger:
    """The truth about work. Safe for threads; each process opens its own, after the fork.

    Every operation raises `LedgerUnavailable` when the database cannot be reached or does not answer in time: nothing is wrong with the
    work then. Every time that is stored, or compared with a stored one, is the database's, in microseconds (`worker.ledger.clock`).
    """

    def __init__(self, database: Database, *, quiet: int) -> None:
        self._database = database
        self.partitions = Partitions(database)
        self.intake = Intake(database, quiet=quiet)
        self.work = TaskWork(database, quiet=quiet)
        self.outbox = Outbox(database)
        self.dead_letters = DeadLetters(database)
        self.sweep = Sweep(database, quiet=quiet)
        self.retries = Retries(database)
        self.history = SessionHistory(database)
        self.listing = Listing(database)
        self.retention = Retention(database)
        self.forgetting = Forgetting(database)
        self.counts = Counting(database)

    @property
    def url(self) -> str:
        """Without the password."""
        return self._database.url.render_as_string(hide_password=True)

    def now(self) -> int:
        """By the database's clock, microseconds. What is sent to the queue bears a time that was asked for before the ledger was told."""
        with self._database.single() as connection:
            return self._database.clock(connection)

    def ping(self) -> None:
        with self._database.single() as connection:
            connection.execute(text("SELECT 1"))

    def dispose(self, *, inherited: bool = False) -> None:
        """Close the connections. In a child process that inherited this object: `inherited=True`, then open a new one."""
        self._database.dispose(inherited=inherited)


def open_ledger(url: str, *, quiet_seconds: float = 60.0, clock: LedgerClock = database_clock) -> Ledger:
    """`sqlite:///PATH` or `postgresql://…`; creates or migrates the tables, also when several processes come at once.

    `quiet_seconds`: a session that lightweight events came late for is reopened when none has come for so long.
    """
    database = Database(url, clock=clock)
    bring_up_to_date(database)
    return Ledger(database, quiet=int(quiet_seconds * SECOND))
