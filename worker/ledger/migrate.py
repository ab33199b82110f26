"""Brings a ledger's tables up to date when it is opened, however many processes open it at once."""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from worker.errors import ConfigurationError
from worker.ledger.database import Database

#: the revision this release works with; comparing it spares every process but the first the import of Alembic
HEAD = "0003"
_FOLDER = Path(__file__).with_name("migrations")
#: any number that nobody else uses for `pg_advisory_lock` in this database
ADVISORY_LOCK = 0x67726F6F7665


def bring_up_to_date(database: Database) -> None:
    """Raises `ConfigurationError` when a newer release has been here: it must not be written to by an older one."""
    if _revision(database) == HEAD:
        return
    with database.write(durable=True) as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ADVISORY_LOCK})
        _upgrade(connection)


def _revision(database: Database) -> str | None:
    with database.single() as connection:
        try:
            revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return revision  # noqa: TRY300 - the only statement that can fail stands above
        except DBAPIError as error:
            if "alembic_version" in str(error.orig):  # no such table: a new ledger
                return None
            raise


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigurationError(f"ledger: written by a newer release than this one ({error})") from error
