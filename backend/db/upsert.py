"""`INSERT … ON CONFLICT DO NOTHING`, the same call on both databases."""

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, SQLModel


def insert_or_skip(session: Session, row: SQLModel) -> int | str | None:
    """Insert `row` unless it breaks a unique constraint.

    Returns:
        The new primary key (of a single-column key), or `None` when a row
        with the same unique value stands already.
    """
    table: Table = type(row).__table__  # type: ignore[attr-defined]  # set by SQLModel at class creation
    insert = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    key = next(iter(table.primary_key.columns))
    row_values = row.model_dump()
    if row_values.get(key.name) is None:
        row_values.pop(key.name, None)
    statement = insert(table).values(**row_values).on_conflict_do_nothing().returning(key)
    found: int | str | None = session.execute(statement).scalar_one_or_none()
    return found
