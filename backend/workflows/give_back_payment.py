"""A merchant gives points back: out of the takings at once, to the citizen once mined."""

from datetime import datetime

from sqlmodel import Session

from backend.market import refunds
from backend.market.models import Payment, Refund
from backend.workflows import both_sides


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
    both_sides.tell(session, payment, "refund_requested", units=refund.units, at=now)
    return refund
