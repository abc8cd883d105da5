"""Reads of payouts."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.payouts.models import (
    BankAccount,
    BankReport,
    Funding,
    Payout,
    PayoutFile,
    PayoutItem,
    SolvencyDay,
)
from backend.payouts.rules import PayoutState


def payout(session: Session, payout_id: str) -> Payout | None:
    """Return one payout."""
    return session.get(Payout, payout_id)


def payouts_in(session: Session, *states: PayoutState, limit: int = 200) -> Sequence[Payout]:
    """Return payouts in some states, oldest first."""
    statement = select(Payout).where(col(Payout.state).in_(states))
    return session.exec(statement.order_by(col(Payout.id)).limit(limit)).all()


def payouts_of(session: Session, merchant_id: str, *, limit: int = 60) -> Sequence[Payout]:
    """Return a merchant's payouts, newest first."""
    statement = select(Payout).where(col(Payout.merchant_id) == merchant_id)
    return session.exec(statement.order_by(col(Payout.id).desc()).limit(limit)).all()


def payouts_between(
    session: Session, merchant_id: str, *, since: datetime, until: datetime
) -> Sequence[Payout]:
    """Return a merchant's payouts that fell due from `since` to before `until`, oldest first."""
    statement = select(Payout).where(
        col(Payout.merchant_id) == merchant_id,
        col(Payout.due_at) >= since,
        col(Payout.due_at) < until,
    )
    return session.exec(statement.order_by(col(Payout.id))).all()


def totals(session: Session) -> Mapping[PayoutState, tuple[int, int]]:
    """Return state → (number of payouts, euro cents)."""
    statement = select(Payout.state, func.count(), func.sum(Payout.euro_cents)).group_by(
        col(Payout.state)
    )
    return {
        PayoutState(state): (int(count), int(cents))
        for state, count, cents in session.exec(statement).all()
    }


def without_account(session: Session) -> tuple[int, int]:
    """Return number and euro cents of due payouts that have nowhere to go."""
    usable = select(BankAccount.merchant_id).where(col(BankAccount.refused_reason).is_(None))
    statement = select(func.count(), func.coalesce(func.sum(Payout.euro_cents), 0)).where(
        col(Payout.state) == PayoutState.DUE, col(Payout.merchant_id).not_in(usable)
    )
    count, cents = session.exec(statement).one()
    return int(count), int(cents)


def file(session: Session, file_id: str) -> PayoutFile | None:
    """Return one file."""
    return session.get(PayoutFile, file_id)


def files(session: Session, *, limit: int = 30) -> Sequence[PayoutFile]:
    """Return files, newest first."""
    statement = select(PayoutFile).order_by(col(PayoutFile.id).desc())
    return session.exec(statement.limit(limit)).all()


def files_in(session: Session, state: str) -> Sequence[PayoutFile]:
    """Return the files in a state, oldest first."""
    statement = select(PayoutFile).where(col(PayoutFile.state) == state)
    return session.exec(statement.order_by(col(PayoutFile.id))).all()


def items_of_file(session: Session, file_id: str) -> Sequence[PayoutItem]:
    """Return the places of a file in the order in which they are written."""
    statement = select(PayoutItem).where(col(PayoutItem.file_id) == file_id)
    return session.exec(statement.order_by(col(PayoutItem.end_to_end_id))).all()


def items_of(session: Session, payout_ids: Sequence[str]) -> Mapping[str, PayoutItem]:
    """Return payout → its newest place in a file."""
    statement = (
        select(PayoutItem)
        .where(col(PayoutItem.payout_id).in_(payout_ids))
        .order_by(func.length(PayoutItem.end_to_end_id), col(PayoutItem.end_to_end_id))
    )
    return {item.payout_id: item for item in session.exec(statement).all()}


def bank_account(session: Session, merchant_id: str) -> BankAccount | None:
    """Return where a merchant is paid."""
    return session.get(BankAccount, merchant_id)


def reports(session: Session, *, limit: int = 10) -> Sequence[BankReport]:
    """Return the newest imported answers of the bank."""
    statement = select(BankReport).order_by(col(BankReport.id).desc()).limit(limit)
    return session.exec(statement).all()


def report(session: Session, report_id: str) -> BankReport | None:
    """Return one imported answer."""
    return session.get(BankReport, report_id)


def fundings(session: Session, *, limit: int = 10) -> Sequence[Funding]:
    """Return the newest fundings."""
    return session.exec(select(Funding).order_by(col(Funding.id).desc()).limit(limit)).all()


def solvency(session: Session, *, since: date) -> Sequence[SolvencyDay]:
    """Return the days since one, oldest first."""
    statement = select(SolvencyDay).where(col(SolvencyDay.day) >= since)
    return session.exec(statement.order_by(col(SolvencyDay.day))).all()


def burned_cents(session: Session) -> tuple[int, int]:
    """Return units burned and euro cents owed for them, over all payouts."""
    statement = select(
        func.coalesce(func.sum(Payout.units), 0), func.coalesce(func.sum(Payout.euro_cents), 0)
    )
    units, cents = session.exec(statement).one()
    return int(units), int(cents)
