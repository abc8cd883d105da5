"""Reads of the market."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState

SOLD = (
    PaymentState.ACCEPTED,
    PaymentState.AUTHORISED,
    PaymentState.BATCHED,
    PaymentState.CONFIRMED,
)
"""States in which the goods have been handed over."""


def payment(session: Session, payment_id: str) -> Payment | None:
    """Return one payment."""
    return session.get(Payment, payment_id)


def payments_in(session: Session, state: PaymentState, *, limit: int = 100) -> Sequence[Payment]:
    """Return payments in a state, oldest first."""
    statement = select(Payment).where(col(Payment.state) == state)
    return session.exec(statement.order_by(col(Payment.id)).limit(limit)).all()


def spendable(session: Session, now: datetime, *, limit: int = 100) -> Sequence[Payment]:
    """Return signed payments that the desk may be asked for now, oldest first."""
    statement = select(Payment).where(
        col(Payment.state) == PaymentState.AUTHORISED,
        or_(col(Payment.retry_at).is_(None), col(Payment.retry_at) <= now),
    )
    return session.exec(statement.order_by(col(Payment.id)).limit(limit)).all()


def uncancelled(session: Session, *, is_signed: bool, limit: int = 100) -> Sequence[Payment]:
    """Return given-up payments in no transaction, oldest first, whose end is signed or is not."""
    has_signature = col(Payment.cancel_signed_at).is_not(None)
    statement = select(Payment).where(
        col(Payment.state) == PaymentState.CANCELLING,
        col(Payment.batch_id).is_(None),
        has_signature if is_signed else ~has_signature,
    )
    return session.exec(statement.order_by(col(Payment.id)).limit(limit)).all()


def payments_of_batch(session: Session, batch_id: str) -> Sequence[Payment]:
    """Return the payments of a transaction."""
    return session.exec(select(Payment).where(col(Payment.batch_id) == batch_id)).all()


def payments_of_payer(session: Session, account_id: str, *, limit: int = 100) -> Sequence[Payment]:
    """Return what a citizen paid, newest first."""
    statement = select(Payment).where(
        col(Payment.payer_account_id) == account_id,
        col(Payment.state).in_((*SOLD, PaymentState.CANCELLING, PaymentState.FAILED)),
    )
    return session.exec(statement.order_by(col(Payment.id).desc()).limit(limit)).all()


def payments_of_merchant(
    session: Session, merchant_id: str, *, since: datetime, limit: int = 200
) -> Sequence[Payment]:
    """Return a merchant's payments since an instant, newest first."""
    statement = select(Payment).where(
        col(Payment.merchant_id) == merchant_id, col(Payment.requested_at) >= since
    )
    return session.exec(statement.order_by(col(Payment.id).desc()).limit(limit)).all()


def unproved_units(session: Session, account_id: str, *, since: datetime) -> int:
    """Return what an account paid without proof since an instant."""
    statement = select(func.coalesce(func.sum(Payment.units), 0)).where(
        col(Payment.payer_account_id) == account_id,
        col(Payment.state).in_(SOLD),
        col(Payment.is_proved).is_(False),
        col(Payment.accepted_at) >= since,
    )
    return int(session.exec(statement).one())


def sold_units(session: Session, merchant_id: str, *, since: datetime) -> int:
    """Return the units that a merchant sold for since an instant, without what it gave back."""
    kept_units = col(Payment.units) - col(Payment.refunded_units)
    statement = select(func.coalesce(func.sum(kept_units), 0)).where(
        col(Payment.merchant_id) == merchant_id,
        col(Payment.state).in_(SOLD),
        col(Payment.accepted_at) >= since,
    )
    return int(session.exec(statement).one())


@dataclass(frozen=True)
class Sale:
    """One payment that counts for the collusion radar. Unit: token units."""

    payer_id: str
    units: int
    at: datetime
    refunded: int


def sales_since(session: Session, merchant_id: str, *, since: datetime) -> Sequence[Sale]:
    """Return who paid what at a merchant since an instant, oldest first."""
    statement = select(Payment).where(
        col(Payment.merchant_id) == merchant_id,
        col(Payment.state).in_(SOLD),
        col(Payment.accepted_at) >= since,
    )
    rows = session.exec(statement.order_by(col(Payment.id))).all()
    return [
        Sale(
            row.payer_account_id or "",
            row.units,
            row.accepted_at or row.requested_at,
            row.refunded_units,
        )
        for row in rows
    ]


def spent_at(session: Session, account_id: str, *, since: datetime) -> Mapping[str, int]:
    """Return merchant → units that an account paid there since an instant."""
    statement = (
        select(Payment.merchant_id, func.sum(Payment.units))
        .where(
            col(Payment.payer_account_id) == account_id,
            col(Payment.state).in_(SOLD),
            col(Payment.accepted_at) >= since,
        )
        .group_by(col(Payment.merchant_id))
    )
    return {merchant_id: int(units) for merchant_id, units in session.exec(statement).all()}


def refunds_in(session: Session, state: RefundState, *, limit: int = 100) -> Sequence[Refund]:
    """Return refunds in a state, oldest first."""
    statement = select(Refund).where(col(Refund.state) == state)
    return session.exec(statement.order_by(col(Refund.id)).limit(limit)).all()


def refunds_of_batch(session: Session, batch_id: str) -> Sequence[Refund]:
    """Return the refunds of a transaction."""
    return session.exec(select(Refund).where(col(Refund.batch_id) == batch_id)).all()


def refunds_of(session: Session, payment_ids: Sequence[str]) -> Sequence[Refund]:
    """Return the refunds of payments, oldest first."""
    statement = select(Refund).where(col(Refund.payment_id).in_(payment_ids))
    return session.exec(statement.order_by(col(Refund.id))).all()


def given_back_units(session: Session, account_id: str, *, since: datetime) -> int:
    """Return what an account at a till gave back since an instant, refused refunds left out."""
    statement = select(func.coalesce(func.sum(Refund.units), 0)).where(
        col(Refund.asked_by) == account_id,
        col(Refund.state) != RefundState.FAILED,
        col(Refund.requested_at) >= since,
    )
    return int(session.exec(statement).one())


@dataclass(frozen=True)
class Taken:
    """What somebody at a till took and gave back. Unit: token units."""

    count: int = 0
    units: int = 0
    given_back: int = 0
    given_back_units: int = 0


def taken_by(session: Session, merchant_id: str, *, since: datetime) -> Mapping[str, Taken]:
    """Return account → what it took and gave back at a shop's till since an instant.

    What a citizen started, at a poster or for an offer, stands under the empty text.
    """
    taker = func.coalesce(col(Payment.taken_by), "")
    sales = select(taker, func.count(), func.sum(Payment.units)).where(
        col(Payment.merchant_id) == merchant_id,
        col(Payment.state).in_(SOLD),
        col(Payment.accepted_at) >= since,
    )
    backs = select(Refund.asked_by, func.count(), func.sum(Refund.units)).where(
        col(Refund.merchant_id) == merchant_id,
        col(Refund.state) != RefundState.FAILED,
        col(Refund.requested_at) >= since,
    )
    sold = {who: (n, int(units)) for who, n, units in session.exec(sales.group_by(taker)).all()}
    back = {
        who: (n, int(units))
        for who, n, units in session.exec(backs.group_by(col(Refund.asked_by))).all()
    }
    return {
        who: Taken(*sold.get(who, (0, 0)), *back.get(who, (0, 0))) for who in sold.keys() | back
    }


def payments_taken_by(
    session: Session, merchant_id: str, account_id: str, *, since: datetime, limit: int = 200
) -> Sequence[Payment]:
    """Return what an account took at a shop's till since an instant, newest first."""
    statement = select(Payment).where(
        col(Payment.merchant_id) == merchant_id,
        col(Payment.taken_by) == account_id,
        col(Payment.requested_at) >= since,
    )
    return session.exec(statement.order_by(col(Payment.id).desc()).limit(limit)).all()


def refunds_asked_by(
    session: Session, merchant_id: str, account_id: str, *, since: datetime, limit: int = 200
) -> Sequence[Refund]:
    """Return what an account gave back at a shop's till since an instant, newest first."""
    statement = select(Refund).where(
        col(Refund.merchant_id) == merchant_id,
        col(Refund.asked_by) == account_id,
        col(Refund.requested_at) >= since,
    )
    return session.exec(statement.order_by(col(Refund.id).desc()).limit(limit)).all()


def known_on_chain(session: Session, references: Sequence[str]) -> set[str]:
    """Return those of the references that rows here stand for, and will learn of by themselves.

    Args:
        references: EIP-3009 nonces, payment references and refund references, 0x-hex.
    """
    ours = (*SOLD, PaymentState.CANCELLING, PaymentState.FAILED)
    payments = session.exec(
        select(Payment.nonce, Payment.payment_ref).where(
            col(Payment.state).in_(ours),
            col(Payment.nonce).in_(references) | col(Payment.payment_ref).in_(references),
        )
    ).all()
    refunds = session.exec(
        select(Refund.refund_ref).where(col(Refund.refund_ref).in_(references))
    ).all()
    return {ref for row in payments for ref in row if ref} | set(refunds)


def by_nonce(session: Session, nonce: str) -> Payment | None:
    """Return the payment that was signed under an EIP-3009 nonce (0x-hex)."""
    return session.exec(select(Payment).where(col(Payment.nonce) == nonce)).one_or_none()
