"""Reads of custody."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.custody.models import CustodyMove
from backend.custody.rules import OPEN_STATES, MoveDirection, MoveState


def move(session: Session, move_id: str) -> CustodyMove | None:
    """Return one move."""
    return session.get(CustodyMove, move_id)


def moves_in(session: Session, state: MoveState, *, limit: int = 100) -> Sequence[CustodyMove]:
    """Return moves in a state, oldest first."""
    statement = select(CustodyMove).where(col(CustodyMove.state) == state)
    return session.exec(statement.order_by(col(CustodyMove.id)).limit(limit)).all()


def due(session: Session, now: datetime) -> Sequence[CustodyMove]:
    """Return announced moves whose cool-down is over and which nobody undid."""
    statement = select(CustodyMove).where(
        col(CustodyMove.state) == MoveState.WAITING,
        col(CustodyMove.undo_asked_at).is_(None),
        col(CustodyMove.executable_at) <= now,
    )
    return session.exec(statement.order_by(col(CustodyMove.id)).limit(100)).all()


def undone(session: Session) -> Sequence[CustodyMove]:
    """Return announced moves that the citizen undid."""
    statement = select(CustodyMove).where(
        col(CustodyMove.state) == MoveState.WAITING,
        col(CustodyMove.undo_asked_at).is_not(None),
    )
    return session.exec(statement.order_by(col(CustodyMove.id)).limit(100)).all()


def of_batch(session: Session, batch_id: str) -> Sequence[CustodyMove]:
    """Return the move of a transaction."""
    return session.exec(select(CustodyMove).where(col(CustodyMove.batch_id) == batch_id)).all()


def newest(session: Session, account_id: str) -> CustodyMove | None:
    """Return the newest move that a citizen asked for; leftovers follow by themselves."""
    statement = select(CustodyMove).where(
        col(CustodyMove.account_id) == account_id,
        col(CustodyMove.direction) != MoveDirection.LEFTOVER,
    )
    return session.exec(statement.order_by(col(CustodyMove.id).desc()).limit(1)).one_or_none()


def open_of(session: Session, account_id: str) -> CustodyMove | None:
    """Return the move of an account that is under way."""
    found = newest(session, account_id)
    return found if found is not None and found.state in OPEN_STATES else None


def is_moving(session: Session, account_id: str) -> bool:
    """Tell whether an account's points are between two addresses right now."""
    statement = select(CustodyMove.id).where(
        col(CustodyMove.account_id) == account_id,
        col(CustodyMove.state) == MoveState.EXECUTING,
        col(CustodyMove.direction) != MoveDirection.LEFTOVER,
    )
    return session.exec(statement.limit(1)).first() is not None
