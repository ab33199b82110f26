"""What tasks do to a session, all in one: load it, prepare it, end its entries, finish it.

A call for a version that is not in force raises `Superseded`; one whose state does not fit changes nothing and says so.
"""

from worker.ledger.database import Database
from worker.ledger.entries import Entries
from worker.ledger.finishing import Finishing
from worker.ledger.loading import Loading
from worker.ledger.preparing import Preparing
from worker.ledger.transcripts import Transcripts


class TaskWork(Loading, Preparing, Entries, Finishing, Transcripts):
    """Every step names the version that it belongs to."""

    def __init__(self, database: Database, *, quiet: int) -> None:
        self._database = database
        #: microseconds without a further lightweight event before a session is reopened
        self._quiet = quiet
