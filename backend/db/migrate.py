"""Bring a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from backend.db.engine import Database

FOLDER = Path(__file__).parent / "migrations"


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade (or, with an older revision, downgrade) the database at `url`.

    A SQLite file is made when missing, with its folder.
    """
    database = Database(url)
    try:
        if database.is_sqlite:
            path = Path(make_url(url).database or "")
            path.parent.mkdir(parents=True, exist_ok=True)
        run(database.engine, revision)
    finally:
        database.dispose()


def run(engine: Engine, revision: str = "head") -> None:
    """Run the migrations over an engine."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # A migration that cannot get its lock fails instead of stopping all scans.
            connection.exec_driver_sql("SET lock_timeout = '10s'")
        config = configuration()
        config.attributes["connection"] = connection
        if revision == "base":
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the schema behind a connection, `None` when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the revision that this code expects."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def configuration() -> Config:
    """Return the Alembic configuration without a file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config
