"""Payments and refunds that only the chain remembers: their rows, made again from what it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState

_UNANSWERED = (PaymentState.REQUESTED, PaymentState.EXPIRED, PaymentState.CANCELLED)
"""Where a payment stands that this database never saw accepted."""


@dataclass(frozen=True)
class FoundSpend:
    """A payment that the desk took.

    Attributes:
        payer_account_id: `None` when nobody here owns the address.
        nonce, payment_ref, salt: 0x-hex; the last two "" when the chain does not tell.
        mined_at: Time of the block.
    """

    merchant_id: str
    payer_account_id: str | None
    payer_address: str
    units: int
    nonce: str
    payment_ref: str
    salt: str
    mined_at: datetime


def take_in_spend(session: Session, found: FoundSpend, *, at: datetime) -> None:
    """Store a payment as confirmed; a request that stands here unanswered becomes it.

    The caller moves the ledger in the same transaction.
    """
    told: dict[str, Any] = {
        "payer_account_id": found.payer_account_id,
        "payer_address": found.payer_address,
        "nonce": found.nonce,
        "state": PaymentState.CONFIRMED,
        "accepted_at": found.mined_at,
        "confirmed_at": at,
    }
    done = session.execute(
        update(Payment)
        .where(
            col(Payment.payment_ref) == found.payment_ref,
            col(Payment.merchant_id) == found.merchant_id,
            col(Payment.units) == found.units,
            col(Payment.state).in_(_UNANSWERED),
        )
        .values(**told)
        .returning(col(Payment.id))
    ).all()
    if not done:
        session.add(
            Payment(
                merchant_id=found.merchant_id,
                units=found.units,
                payment_ref=found.payment_ref,
                salt=found.salt,
                requested_at=found.mined_at,
                expires_at=found.mined_at,
                **told,
            )
        )
    session.flush()


def take_in_refund(
    session: Session, payment: Payment, *, refund_ref: str, units: int, by: str, at: datetime
) -> None:
    """Store a refund as confirmed; the caller moves the ledger in the same transaction.

    Args:
        by: Who vouched for it.
    """
    session.add(
        Refund(
            key=f"found/{refund_ref}",
            payment_id=payment.id,
            merchant_id=payment.merchant_id,
            units=units,
            asked_by=by,
            state=RefundState.CONFIRMED,
            refund_ref=refund_ref,
            requested_at=at,
            confirmed_at=at,
        )
    )
    session.execute(
        update(Payment)
        .where(col(Payment.id) == payment.id)
        .values(refunded_units=Payment.refunded_units + units)
    )
    session.flush()
