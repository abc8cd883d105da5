"""Rows that move from one state to another, only from where they are believed to stand."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, SQLModel


def move(
    session: Session,
    table: type[SQLModel],
    which: ColumnElement[bool],
    *,
    source: str,
    target: str,
    **values: object,
) -> Sequence[str]:
    """Move the rows that stand in a state to another one, in one statement.

    Args:
        table: Has the columns `id` and `state`.
        which: Rows meant; those in another state than `source` stay as they are.
        values: Columns to set with the state.
    Returns:
        Ids of the rows that moved: of two requests at once only one finds a row.
    """
    columns: Any = table
    done = session.execute(
        update(table)
        .where(which, columns.state == source)
        .values(state=target, **values)
        .returning(columns.id)
    )
    return done.scalars().all()
