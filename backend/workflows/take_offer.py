"""A citizen reserves an offer; paying captures it, and what is not paid goes back into stock."""

from datetime import datetime

from sqlmodel import Session

from backend.kernel.errors import NotFoundError
from backend.market import service as market
from backend.market.models import Payment
from backend.market.rules import Origin, PaymentWay
from backend.offers import queries, service
from backend.offers.models import OfferHold
from backend.workflows import pay_merchant


def reserve(session: Session, *, offer_id: str, account_id: str, now: datetime) -> Payment:
    """Set one piece aside and ask for its price; the citizen confirms within fifteen minutes.

    Returns:
        The payment; its acceptance captures the piece.
    Raises:
        NotFoundError, OfferNotOpenError, OfferLimitError, OfferSoldOutError: See
            offers.service.reserve.
        MerchantNotActiveError: See pay_merchant.request.
    Effects: offer_hold RESERVED, stock, payment REQUESTED.
    """
    hold = service.reserve(session, offer_id=offer_id, account_id=account_id, at=now)
    offer = queries.offer(session, offer_id)
    if offer is None:  # It was there a line ago; offers are never deleted.
        raise NotFoundError("offer", offer_id)
    payment = pay_merchant.request(
        session,
        merchant_id=offer.merchant_id,
        units=offer.price_units,
        label=offer.title,
        origin=Origin(PaymentWay.OFFER, f"offer/{hold.id}"),
        at=now,
    )
    payment.expires_at = hold.expires_at
    session.add(payment)
    service.tie_to_payment(session, hold.id, payment.id)
    session.flush()
    return payment


def release(session: Session, hold: OfferHold) -> bool:
    """Put a piece back that was not paid in time, with its request.

    Effects: offer_hold RELEASED, stock; payment CANCELLED when it was still open.
    """
    if not service.release(session, hold):
        return False
    if hold.payment_id is not None:
        market.cancel(session, hold.payment_id)
    return True
