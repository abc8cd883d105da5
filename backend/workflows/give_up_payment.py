"""A till gives up a payment that the register has put off; the points go back once that is safe."""

from datetime import datetime

from sqlmodel import Session

from backend.db import event_log
from backend.market import cancellations
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries


def give_up(session: Session, payment: Payment, *, now: datetime) -> None:
    """Ask for the end of a waiting payment and tell both sides.

    A signed authorisation is public and good for months: anybody may hand it in. So the
    points move only when the chain has taken the payer's cancellation.

    Raises:
        PaymentNotWaitingError: See market.cancellations.give_up.
    Effects: payment CANCELLING, one event for each side.
    """
    cancellations.give_up(session, payment)
    tell_both(session, payment, "payment_cancelling", now=now)


def tell_both(session: Session, payment: Payment, kind: str, *, now: datetime) -> None:
    """Tell citizen and merchant how far the end of a payment is.

    Effects: one event for each side, about the payment.
    """
    merchant = merchant_queries.merchant(session, payment.merchant_id)
    for audience in (payment.payer_account_id, merchant.owner_account_id if merchant else None):
        if audience is not None:
            event_log.append(
                session,
                kind=kind,
                subject=payment.id,
                audience=audience,
                at=now,
                units=payment.units,
            )
