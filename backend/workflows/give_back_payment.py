"""A merchant gives points back: out of the takings at once, to the citizen once mined."""

from datetime import datetime

from sqlmodel import Session

from backend.clerks import queries as clerk_queries
from backend.clerks.errors import ClerkRefundLimitError
from backend.market import queries as market_queries
from backend.market import refunds
from backend.market.models import Payment, Refund
from backend.workflows import at_the_till, both_sides


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

    Raises:
        ClerkRefundLimitError: A clerk would give back more today than the owner allows.
    Effects: refund REQUESTED, ledger, one event for each side.
    """
    refund = refunds.request(
        session, payment, key=key, units=units, reason=reason, asked_by=asked_by, at=now
    )
    # Counted after the points left the takings, whose row is locked until the commit: refunds
    # of a shop are counted one after the other.
    allowed_units = left_units(session, asked_by, now=now)
    if allowed_units is not None and allowed_units < 0:
        raise ClerkRefundLimitError(max(allowed_units + units, 0))
    both_sides.tell(session, payment, "refund_requested", units=refund.units, at=now)
    return refund


def left_units(session: Session, account_id: str, *, now: datetime) -> int | None:
    """Return what somebody at a till may still give back today, `None` for no limit.

    Below zero, more was given back than the owner allows by now.
    """
    clerk = clerk_queries.of_account(session, account_id)
    if clerk is None:
        return None
    today = at_the_till.midnight(now)
    given_units = market_queries.given_back_units(session, account_id, since=today)
    return clerk.refund_limit_units - given_units
