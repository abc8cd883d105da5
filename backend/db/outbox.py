"""The outbox: effects outside the chain (mail, webhooks), stored with the fact that causes them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, or_, update
from sqlmodel import Field, Session, SQLModel, col, select

from backend.db.types import instant, json_column
from backend.db.upsert import insert_or_skip
from backend.kernel.ids import new_id

MAX_ATTEMPTS = 12
"""After these an effect is buried and shown to staff; at doubling delays that is about a day."""


class OutboxMessage(SQLModel, table=True):
    """One effect to bring about at least once."""

    __tablename__ = "outbox_message"
    __table_args__ = (CheckConstraint("state IN ('waiting','done','buried')", "state"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(description='Which handler delivers it, for example "mail".')
    dedupe_key: str = Field(unique=True, description="The same effect is never queued twice.")
    payload: dict[str, Any] = json_column("What the handler needs.")
    state: str = Field(default="waiting", index=True, description="waiting, done or buried.")
    attempts: int = Field(default=0, description="Deliveries tried so far.")
    not_before: datetime = instant("Earliest next try.")
    leased_until: datetime | None = instant("A runner works on it until then.", default=None)
    last_error: str | None = Field(default=None, description="What the last try said.")


def enqueue(
    session: Session, *, kind: str, dedupe_key: str, payload: dict[str, Any], at: datetime
) -> None:
    """Queue an effect inside the caller's transaction; a second one of the same key is dropped."""
    row = OutboxMessage(kind=kind, dedupe_key=dedupe_key, payload=payload, not_before=at)
    insert_or_skip(session, row)


def lease(
    session: Session, *, kind: str, now: datetime, limit: int, lease_for: timedelta
) -> Sequence[OutboxMessage]:
    """Take up to `limit` due messages; nobody else gets them until the lease ends."""
    due = (
        select(OutboxMessage.id)
        .where(
            col(OutboxMessage.kind) == kind,
            col(OutboxMessage.state) == "waiting",
            col(OutboxMessage.not_before) <= now,
            or_(col(OutboxMessage.leased_until).is_(None), col(OutboxMessage.leased_until) <= now),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = session.execute(
        update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(due))
        .values(leased_until=now + lease_for, attempts=OutboxMessage.attempts + 1)
        .returning(OutboxMessage)
    )
    return taken.scalars().all()


def mark_done(session: Session, message_id: str) -> None:
    """Record that the effect happened; what it said (an address, a one-time code) is forgotten."""
    session.execute(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == message_id)
        .values(state="done", payload={}, leased_until=None, last_error=None)
    )


def mark_failed(session: Session, message: OutboxMessage, *, error: str, now: datetime) -> None:
    """Put the effect back for a later try, or bury it after the last one."""
    is_last = message.attempts >= MAX_ATTEMPTS
    session.execute(
        update(OutboxMessage)
        .where(col(OutboxMessage.id) == message.id)
        .values(
            state="buried" if is_last else "waiting",
            leased_until=None,
            not_before=now + timedelta(seconds=min(2**message.attempts, 3600)),
            last_error=error[:500],
        )
    )
