"""Engine and transactions; the only place of the code base that commits or rolls back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

BUSY_TIMEOUT_MS = 15_000
"""How long a SQLite writer waits for another one before it gives up."""


DEADLOCK = "40P01"
"""SQLSTATE deadlock_detected of PostgreSQL; SQLite has one writer and knows none."""


class Database:
    """One database, SQLite or PostgreSQL, and the two ways to use it.

    Args:
        url: SQLAlchemy URL, `sqlite:///path` or `postgresql+psycopg://…`.
        pool_size: Connections kept per process.
    """

    def __init__(self, url: str, *, pool_size: int = 20) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self._engine = create_engine(
            url, pool_size=pool_size, max_overflow=20, pool_pre_ping=not self.is_sqlite
        )
        if self.is_sqlite:
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
            read_options: dict[str, Any] = {}
        else:
            read_options = {"postgresql_readonly": True}
        self._writer = self._engine.execution_options(is_write=True)
        self._reader = self._engine.execution_options(**read_options)

    @property
    def engine(self) -> Engine:
        """The engine behind both ways, for migrations and the doctor."""
        return self._engine

    def fingerprint(self) -> str:
        """Return what tells this very database from a copy of it.

        A copied SQLite file has another inode, a copied PostgreSQL database another oid.
        """
        if self.is_sqlite:
            status = Path(self._engine.url.database or "").stat()
            return f"sqlite:{status.st_dev}:{status.st_ino}"
        with self._engine.connect() as connection:
            statement = text("SELECT oid FROM pg_database WHERE datname = current_database()")
            return f"postgresql:{connection.execute(statement).scalar_one()}"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits when the block ends well and rolls back otherwise."""
        with Session(self._writer, expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session whose changes are never kept."""
        # Closing rolls back without expiring what was read; session.rollback() would expire it.
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a connection that sees one instant of the database for as long as it lives."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._reader.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def bulk_load(self) -> Iterator[Connection]:
        """Open a transaction for loading rows in any order; references are checked at its end."""
        with self._writer.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            yield connection

    def dispose(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()


def is_deadlock(error: DBAPIError) -> bool:
    """Tell whether a transaction was undone because another one waited for it in turn."""
    return getattr(error.orig, "sqlstate", None) == DEADLOCK


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy's own BEGIN is replaced by ours below, so the driver must not add one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: with WAL, NORMAL may lose acknowledged commits on a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a deferred one fails half-way with "database is locked".
    is_write = connection.get_execution_options().get("is_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
