"""The event log: what happened, in commit order; live pages and partners tail it by id."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, select

from backend.db.types import instant, json_column, serial_key

STAFF = "staff"
"""Audience of events that only staff pages show."""

_ORDER_LOCK = 0x_CA1A_0001
"""Advisory lock that makes ids appear in commit order on PostgreSQL."""


class EventRow(SQLModel, table=True):
    """One thing that happened."""

    __tablename__ = "event_log"

    id: int | None = serial_key("Position in the log.")
    occurred_at: datetime = instant("When it happened.")
    audience: str = Field(index=True, description='Account id that may see it, or "staff".')
    kind: str = Field(description='Past tense, for example "reward_confirmed".')
    subject: str = Field(description="Id of the row it is about.")
    payload: dict[str, Any] = json_column("What a live page needs to redraw; no personal data.")


def append(
    session: Session,
    *,
    kind: str,
    subject: str,
    audience: str,
    at: datetime,
    **payload: str | int | None,
) -> None:
    """Add one event to the log inside the caller's transaction.

    Without the lock a reader on PostgreSQL could see id 8 before id 7 is
    committed, move on, and never see 7. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ORDER_LOCK})
    session.add(
        EventRow(occurred_at=at, audience=audience, kind=kind, subject=subject, payload=payload)
    )
    session.flush()


def after(
    session: Session, position: int, *, audience: str | None = None, limit: int = 500
) -> Sequence[EventRow]:
    """Return the events behind `position`, oldest first; of one audience, or of all."""
    statement = select(EventRow).where(col(EventRow.id) > position)
    if audience is not None:
        statement = statement.where(col(EventRow.audience) == audience)
    return session.exec(statement.order_by(col(EventRow.id)).limit(limit)).all()


def latest_at(session: Session) -> datetime | None:
    """Return when the newest event happened, `None` when there is none."""
    statement = select(EventRow.occurred_at).order_by(col(EventRow.id).desc()).limit(1)
    return session.exec(statement).one_or_none()


def latest(session: Session) -> int:
    """Return the id of the newest event, 0 when there is none."""
    found = session.exec(select(EventRow.id).order_by(col(EventRow.id).desc()).limit(1)).first()
    return found or 0
