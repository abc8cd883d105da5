"""Reads of settlement."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, select

from backend.settlement.models import CashOut, DayClosing
from backend.settlement.rules import CashOutState


def cash_outs_in(session: Session, state: CashOutState, *, limit: int = 50) -> Sequence[CashOut]:
    """Return cash-outs in a state, oldest first."""
    statement = select(CashOut).where(col(CashOut.state) == state)
    return session.exec(statement.order_by(col(CashOut.id)).limit(limit)).all()


def cash_outs_of_batch(session: Session, batch_id: str) -> Sequence[CashOut]:
    """Return the cash-outs of a transaction."""
    return session.exec(select(CashOut).where(col(CashOut.batch_id) == batch_id)).all()


def cash_outs_of(session: Session, merchant_id: str, *, limit: int = 50) -> Sequence[CashOut]:
    """Return a merchant's cash-outs, newest first."""
    statement = select(CashOut).where(col(CashOut.merchant_id) == merchant_id)
    return session.exec(statement.order_by(col(CashOut.id).desc()).limit(limit)).all()


def day_closing(session: Session, day: date) -> DayClosing | None:
    """Return how far the closing of a day has come, `None` when it has not begun."""
    return session.get(DayClosing, day)


def closings_of(session: Session, day: date) -> Sequence[CashOut]:
    """Return the closings of a local day."""
    statement = select(CashOut).where(col(CashOut.closing_day) == day)
    return session.exec(statement.order_by(col(CashOut.id))).all()


def known_on_chain(session: Session, payout_refs: Sequence[str]) -> set[str]:
    """Return those of the payout references that rows here stand for."""
    statement = select(CashOut.payout_ref).where(col(CashOut.payout_ref).in_(payout_refs))
    return set(session.exec(statement).all())
