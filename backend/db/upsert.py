"""`INSERT … ON CONFLICT DO NOTHING`, the same call on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects import sqlite
from sqlmodel import Session, SQLModel


def insert_or_skip(session: Session, row: SQLModel) -> int | str | None:
    """Insert `row` unless it breaks a unique constraint.

    Returns:
        The new primary key (of a single-column key), or `None` when a row
        with the same unique value stands already.
    """
    table = _table_of(type(row))
    key = next(iter(table.primary_key.columns))
    row_values = row.model_dump()
    if row_values.get(key.name) is None:
        row_values.pop(key.name, None)
    into = _insert_into(session, table)
    statement = into.values(**row_values).on_conflict_do_nothing().returning(key)
    found: int | str | None = session.execute(statement).scalar_one_or_none()
    return found


def insert_all_or_skip(
    session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert in one statement, in their order, those rows that break no unique constraint."""
    into = _insert_into(session, _table_of(model))
    session.execute(into.values(list(rows)).on_conflict_do_nothing())


def _table_of(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # set by SQLModel at class creation
    return table


def _insert_into(session: Session, table: Table) -> pg.Insert | sqlite.Insert:
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return pg.insert(table) if is_postgresql else sqlite.insert(table)
