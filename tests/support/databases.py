"""One fresh, migrated database per test, on SQLite and on PostgreSQL."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from backend.db.engine import Database
from backend.db.migrate import migrate
from tests.support.postgres import PostgresServer

TEMPLATE = "template_calanque"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL server whose template holds the schema."""
    server = PostgresServer()
    try:
        server.start()
        server.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(server.url(TEMPLATE))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the schema and no row."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with the schema."""
    path = tmp_path / "calanque.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with the schema."""
    with postgres_server.database(TEMPLATE) as name:
        yield postgres_server.url(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with the schema, once per engine that we support."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with the schema; the test runs once on each engine."""
    database = _opened(database_url)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database, for tests whose subject is not the database."""
    database = _opened(sqlite_url)
    yield database
    database.dispose()


def _opened(url: str) -> Database:
    database = Database(url)
    if database.is_sqlite:
        # Tests never survive a power cut, so durability only costs time here.
        event.listen(database.engine, "connect", _trust_the_cache)
    return database


def _trust_the_cache(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
