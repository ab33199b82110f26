"""Opening a ledger: the tables are made or found, by one process or many, and what is wrong is said in one line."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fixtures.ledger import at, heavy
from fixtures.postgresql import PostgreSQL
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from worker.errors import ConfigurationError, LedgerUnavailable
from worker.ledger import Ledger, migrate, open_ledger
from worker.ledger.database import Database
from worker.ledger.schema import Base, Event


def test_the_migrations_make_the_tables_of_the_schema(ledger: Ledger, ledger_url: str) -> None:
    """Alembic finds nothing to do between the two."""
    database = Database(ledger_url)
    with database.single() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.dispose()


def test_this_release_knows_the_newest_revision() -> None:
    """The constant that spares the import of Alembic is the head of the revisions."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).with_name("migrations")))
    assert ScriptDirectory.from_config(config).get_heads() == [migrate.HEAD]


def test_an_error_quotes_nothing_that_was_to_be_written(ledger: Ledger, ledger_url: str) -> None:
    """Neither database's: it may end in a log, and rows hold what was said in sessions."""
    numbers = dict.fromkeys(("timestamp", "received_at", "logged_at", "partition", "offset", "ablation_rate"), 0)
    row = {"event_id": "e", "session_id": "my password is hunter2", "stream": "", "topic": "", **numbers}
    database = Database(ledger_url)
    with database.single() as connection:
        connection.execute(insert(Event), [row])
        with pytest.raises(IntegrityError) as refused:
            connection.execute(insert(Event), [row])
    assert "hunter2" not in str(refused.value)
    database.dispose()


def test_many_open_a_new_ledger_at_once(ledger_url: str) -> None:
    """One of them makes the tables, the others wait for it, none fails."""
    errors: list[Exception] = []
    barrier = threading.Barrier(6)

    def start() -> None:
        barrier.wait(timeout=20)
        try:
            opened = open_ledger(ledger_url)
            opened.ping()
            opened.dispose()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_ledger_of_a_newer_release(ledger: Ledger, ledger_url: str) -> None:
    """It is not written to: one line says why."""
    database = Database(ledger_url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    with pytest.raises(ConfigurationError, match="newer release"):
        open_ledger(ledger_url)


def test_what_must_outlast_a_power_cut_is_on_the_disk(tmp_path: Path) -> None:
    """SQLite waits for the disk in a durable write and in no other, whichever the same connection made before."""
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    found = []
    for durable in (False, True, True, False, True):
        with database.write(durable=durable) as connection:
            found.append(connection.execute(text("PRAGMA synchronous")).scalar())
    database.dispose()
    assert found == [1, 2, 2, 1, 2]


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://", "redis://localhost"])
def test_a_url_that_is_none_of_ours(url: str) -> None:
    """It is refused with the two forms that are."""
    with pytest.raises(ConfigurationError, match=r"sqlite:///"):
        open_ledger(url)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "postgresql://u:secret@127.0.0.1:1/d"])
def test_a_database_that_is_not_there(url: str) -> None:
    """The ledger is unavailable, and the password stays out of the message."""
    with pytest.raises(LedgerUnavailable) as refused:
        open_ledger(url)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Said in one line, not with a traceback of somebody else's."""
    (tmp_path / "ledger.db").write_bytes(b"this is not a database, but long enough to be read as one" * 40)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        open_ledger(f"sqlite:///{tmp_path}/ledger.db")


def test_the_shown_url_has_no_password() -> None:
    """What is printed and logged is masked."""
    database = Database("postgresql://groove:secret@host/ledger")
    assert "secret" not in database.url.render_as_string(hide_password=True)


def test_a_server_that_restarts(postgresql: PostgreSQL, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that broke in use says so once; those that broke while they lay idle are replaced unnoticed."""
    ledger = open_ledger(postgresql_url)
    ledger.ping()
    postgresql.cut_connections(postgresql_url)
    with pytest.raises(LedgerUnavailable):
        ledger.ping()
    assert ledger.counts.count().events == 0
    monkeypatch.setattr("worker.ledger.database.IDLE", 0.0)
    postgresql.cut_connections(postgresql_url)
    assert ledger.counts.count().events == 0
    ledger.dispose()


def test_a_ledger_that_somebody_else_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waited long enough learns that the ledger is unavailable; readers go on; later all is well."""
    monkeypatch.setattr("worker.ledger.database.PATIENCE", 0.2)
    url = f"sqlite:///{tmp_path}/ledger.db"
    ledger, other = open_ledger(url), Database(url)
    with other.write() as connection:
        connection.execute(text("DELETE FROM replica"))
        with pytest.raises(LedgerUnavailable, match="locked"):
            at(ledger, 1).intake.receive(heavy=[heavy()], ablation_rate=0.1)
        assert ledger.counts.count().events == 0
    assert len(at(ledger, 1).intake.receive(heavy=[heavy()], ablation_rate=0.1)) == 1
    ledger.dispose()
    other.dispose()


def test_what_a_killed_process_had_committed(ledger_url: str) -> None:
    """A process that dies in mid-transaction takes that transaction with it and nothing else."""
    program = """
import os, sys
sys.path[:0] = sys.argv[2:]
from fixtures.ledger import heavy
from worker.ledger import open_ledger
ledger = open_ledger(sys.argv[1])
ledger.intake.receive(heavy=[heavy("kept")], ablation_rate=0.1)
with ledger._database.write() as connection:
    connection.exec_driver_sql("DELETE FROM session")
    os.kill(os.getpid(), 9)
"""
    tests = str(Path(__file__).parents[2])
    killed = subprocess.run(
        [sys.executable, "-c", program, ledger_url, tests], check=False, capture_output=True, timeout=60
    )
    assert killed.returncode == -9, killed.stderr.decode()
    ledger = open_ledger(ledger_url)
    assert ledger.history.find_sessions("") == ["kept"]
    ledger.dispose()


def test_a_fork_opens_its_own(ledger: Ledger, ledger_url: str) -> None:
    """A child that forgets the inherited pool and opens a new ledger leaves the parent's connections alone."""
    program = """
import os, sys
from worker.ledger import open_ledger
ledger = open_ledger(sys.argv[1])
ledger.ping()
child = os.fork()
if child == 0:
    ledger.dispose(inherited=True)
    mine = open_ledger(sys.argv[1])
    mine.ping()
    mine.dispose()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ledger.ping()
"""
    ran = subprocess.run([sys.executable, "-c", program, ledger_url], check=False, capture_output=True, timeout=60)
    assert ran.returncode == 0, ran.stderr.decode()
