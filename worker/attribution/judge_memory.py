"""What the judge said before, by the content of the question, and what it has cost today: a small file that the workers of a machine share.

It holds digests, numbers and answers, no words of any session.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

_WAIT_S = 10.0
_TABLES = """
create table if not exists answer (digest text primary key, verdicts text not null);
create table if not exists spent (day text primary key, tokens integer not null);
"""


class JudgeMemory:
    def __init__(self, file: Path) -> None:
        self._file = file

    def answer_to(self, digest: str) -> dict[int, float] | None:
        with self._open() as database:
            row = database.execute("select verdicts from answer where digest = ?", (digest,)).fetchone()
        return None if row is None else {int(number): float(said) for number, said in json.loads(row[0]).items()}

    def keep(self, digest: str, verdicts: Mapping[int, float]) -> None:
        with self._open() as database:
            told = json.dumps({str(number): said for number, said in verdicts.items()})
            database.execute("insert or replace into answer values (?, ?)", (digest, told))

    def reserve(self, tokens: int, *, day: date, budget: int) -> bool:
        """Take them from the day's budget, if there are so many left."""
        with self._open() as database:
            database.execute("begin immediate")
            row = database.execute("select tokens from spent where day = ?", (str(day),)).fetchone()
            spent = row[0] if row else 0
            if spent + tokens > budget:
                return False
            database.execute("insert or replace into spent values (?, ?)", (str(day), spent + tokens))
            return True

    def settle(self, reserved: int, used: int, *, day: date) -> None:
        """What was used in place of what was reserved."""
        with self._open() as database:
            database.execute("update spent set tokens = tokens + ? where day = ?", (used - reserved, str(day)))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._file, timeout=_WAIT_S, isolation_level=None)) as database:
            database.executescript(_TABLES)
            yield database
            if database.in_transaction:
                database.execute("commit")
