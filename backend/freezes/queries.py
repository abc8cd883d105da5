"""Reads of freezes."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeState

OPEN = (FreezeState.REQUESTED, FreezeState.FROZEN)


def lock(session: Session, freeze_id: int) -> Freeze | None:
    """Lock and return a freeze."""
    return session.exec(
        select(Freeze).where(col(Freeze.id) == freeze_id).with_for_update()
    ).one_or_none()


def open_of(session: Session, account_id: str) -> Freeze | None:
    """Lock and return the freeze of an account that is asked for or stands."""
    statement = select(Freeze).where(
        col(Freeze.account_id) == account_id, col(Freeze.state).in_(OPEN)
    )
    return session.exec(statement.with_for_update()).one_or_none()


def standing_of(session: Session, account_id: str) -> Freeze | None:
    """Return the freeze that stops an account now."""
    statement = select(Freeze).where(
        col(Freeze.account_id) == account_id, col(Freeze.state) == FreezeState.FROZEN
    )
    return session.exec(statement).one_or_none()


def newest(session: Session, *, limit: int = 100) -> Sequence[Freeze]:
    """Return freezes, the newest first."""
    return session.exec(select(Freeze).order_by(col(Freeze.id).desc()).limit(limit)).all()


def overdue(session: Session, now: datetime) -> Sequence[Freeze]:
    """Return freezes whose appeal nobody decided in time."""
    statement = select(Freeze).where(
        col(Freeze.state) == FreezeState.FROZEN,
        col(Freeze.appeal_due_at) <= now,
        col(Freeze.appeal_decided_at).is_(None),
    )
    return session.exec(statement.order_by(col(Freeze.id))).all()
