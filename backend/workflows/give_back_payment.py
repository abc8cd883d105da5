"""A merchant gives points back: out of the takings at once, to the citizen once mined."""

from datetime import datetime

from sqlmodel import Session

from backend.db import event_log
from backend.market import refunds
from backend.market.models import Payment, Refund
from backend.merchants import queries as merchant_queries


def give_back(
    session: Session,
    payment: Payment,
    *,
    key: str,
    units: int,
    reason: str,
    asked_by: str,
    now: datetime,
) -> Refund:
    """Ask for a refund at the till and tell both sides; see market.refunds.request for errors.

    Effects: refund REQUESTED, ledger, one event for each side.
    """
    refund = refunds.request(
        session, payment, key=key, units=units, reason=reason, asked_by=asked_by, at=now
    )
    tell_both(session, refund, payment, "refund_requested", at=now)
    return refund


def tell_both(
    session: Session, refund: Refund, payment: Payment, kind: str, *, at: datetime
) -> None:
    """Tell merchant and citizen how far a refund is.

    Effects: one event for each side, about the payment.
    """
    merchant = merchant_queries.merchant(session, refund.merchant_id)
    for audience in (payment.payer_account_id, merchant.owner_account_id if merchant else None):
        if audience is not None:
            event_log.append(
                session,
                kind=kind,
                subject=payment.id,
                audience=audience,
                at=at,
                units=refund.units,
            )
