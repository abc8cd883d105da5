from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlmodel import SQLModel

from backend.db.engine import Database
from backend.db.migrate import configuration, migrate


def _tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version", "sqlite_sequence"}


def test_migrations_go_down_to_nothing_and_up_again(database: Database) -> None:
    before = _tables(database)

    migrate(database.url, "base")
    assert _tables(database) == set()

    migrate(database.url)
    assert _tables(database) == before


def test_migrated_schema_equals_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)

    assert not differences, differences


def test_migrating_twice_changes_nothing(database: Database) -> None:
    before = _tables(database)

    migrate(database.url)

    assert _tables(database) == before


def test_migrations_have_one_head() -> None:
    assert len(ScriptDirectory.from_config(configuration()).get_heads()) == 1
