"""Reads of factors."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.factors.models import Factor, WalletFacts
from backend.factors.rules import FactorKind, FactorState


def requested(session: Session, *, limit: int = 50) -> Sequence[Factor]:
    """Return enrolments that the wallet service does not know yet, oldest first."""
    statement = select(Factor).where(col(Factor.state) == FactorState.REQUESTED)
    return session.exec(statement.order_by(col(Factor.id)).limit(limit)).all()


def of_account(session: Session, account_id: str) -> Sequence[Factor]:
    """Return all enrolments of an account, newest first."""
    statement = select(Factor).where(col(Factor.account_id) == account_id)
    return session.exec(statement.order_by(col(Factor.id).desc())).all()


def counting(session: Session, address: str, *, now: datetime) -> Sequence[Factor]:
    """Return the factors that prove payments of an address now, newest first."""
    statement = select(Factor).where(
        col(Factor.address) == address,
        col(Factor.state) == FactorState.ACTIVE,
        col(Factor.active_from) <= now,
    )
    return session.exec(statement.order_by(col(Factor.id).desc())).all()


def has_pin(factors: Sequence[Factor]) -> bool:
    """Tell whether one of them is a PIN."""
    return any(factor.kind == FactorKind.PIN for factor in factors)


def wallet_facts(session: Session) -> WalletFacts | None:
    """Return what the jobs runner noted last, `None` before its first minute."""
    statement = select(WalletFacts).order_by(col(WalletFacts.noted_at).desc()).limit(1)
    return session.exec(statement).one_or_none()
