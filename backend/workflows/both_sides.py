"""Who hears of a payment: the citizen, the shop's owner, and who is at the till."""

from datetime import datetime

from sqlmodel import Session

from backend.clerks import queries as clerk_queries
from backend.db import event_log
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries


def tell(
    session: Session,
    payment: Payment,
    kind: str,
    *,
    units: int | None = None,
    tx_hash: str | None = None,
    at: datetime,
) -> None:
    """Tell both sides of a payment how far it, or a refund of it, is.

    Args:
        units: What moved, the whole payment when left out. Unit: token units.
        tx_hash: Transaction that decided it, 0x-hex.
    Effects: one event for each person, about the payment.
    """
    merchant = merchant_queries.merchant(session, payment.merchant_id)
    # In a fixed order, so that two of them never wait for each other.
    for audience in dict.fromkeys(
        (
            payment.payer_account_id,
            merchant.owner_account_id if merchant else event_log.STAFF,
            *_at_the_till(session, payment),
        )
    ):
        if audience is not None:
            event_log.append(
                session,
                kind=kind,
                subject=payment.id,
                audience=audience,
                at=at,
                units=payment.units if units is None else units,
                tx_hash=tx_hash,
            )


def _at_the_till(session: Session, payment: Payment) -> list[str]:
    if payment.taken_by is not None:
        return [payment.taken_by]
    # From a poster or for an offer: whoever stands at the till hands over what was paid.
    clerks = clerk_queries.active_of(session, payment.merchant_id)
    return sorted(clerk.account_id for clerk in clerks)
