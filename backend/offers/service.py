"""Writes of offers; stock and a person's limit are counted by the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col

from backend.db import states
from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError
from backend.offers import queries
from backend.offers.errors import (
    OfferInvalidError,
    OfferLimitError,
    OfferNotOpenError,
    OfferSoldOutError,
)
from backend.offers.models import Offer, OfferHold
from backend.offers.rules import (
    HOLD_LIFE,
    PER_PERSON_MAX,
    STOCK_MAX,
    TITLE_MAX,
    HoldState,
    OfferState,
    is_on,
)


@dataclass(frozen=True)
class NewOffer:
    """What a merchant fills in.

    Attributes:
        price_units: Above zero.
        stock: Pieces, at least one.
    """

    title: str
    details: str
    place: str
    commune_code: str
    price_units: int
    stock: int
    per_person: int
    starts_at: datetime
    ends_at: datetime
    is_accessible: bool
    is_spend_free: bool


def create(session: Session, new: NewOffer, *, merchant_id: str, at: datetime) -> Offer:
    """Make an offer.

    Raises:
        OfferInvalidError: A field is out of range.
    """
    checks = {
        "title": 0 < len(new.title.strip()) <= TITLE_MAX,
        "price": new.price_units > 0,
        "stock": 0 < new.stock <= STOCK_MAX,
        "per_person": 0 < new.per_person <= PER_PERSON_MAX,
        "ends": new.starts_at < new.ends_at and new.ends_at > at,
    }
    for field, is_good in checks.items():
        if not is_good:
            raise OfferInvalidError(field)
    offer = Offer(
        merchant_id=merchant_id,
        title=new.title.strip(),
        details=new.details.strip()[:500],
        place=new.place.strip()[:120],
        commune_code=new.commune_code,
        price_units=new.price_units,
        stock_left=new.stock,
        per_person=new.per_person,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        is_accessible=new.is_accessible,
        is_spend_free=new.is_spend_free,
        created_at=at,
    )
    session.add(offer)
    session.flush()
    return offer


def reserve(session: Session, *, offer_id: str, account_id: str, at: datetime) -> OfferHold:
    """Set one piece aside for fifteen minutes.

    Raises:
        NotFoundError: No such offer.
        OfferNotOpenError, OfferLimitError, OfferSoldOutError: Nothing was set aside.
    Effects: offer_hold RESERVED; one piece less in stock.
    """
    offer = queries.offer(session, offer_id)
    if offer is None:
        raise NotFoundError("offer", offer_id)
    _refuse_if_over(offer, at)
    taken = session.execute(
        update(Offer)
        .where(col(Offer.id) == offer_id, col(Offer.stock_left) > 0)
        .values(stock_left=col(Offer.stock_left) - 1)
        .returning(col(Offer.id))
    ).scalar_one_or_none()
    if taken is None:
        raise OfferSoldOutError
    # The row of the offer is locked from here on, so limit and free places are read in turn.
    session.refresh(offer)
    _refuse_if_over(offer, at)
    used = {hold.place_number for hold in queries.held_by(session, offer_id, account_id)}
    if len(used) >= offer.per_person:
        raise OfferLimitError(offer.per_person)
    free = [number for number in range(offer.per_person) if number not in used]
    for number in free:
        hold = OfferHold(
            offer_id=offer_id,
            account_id=account_id,
            place_number=number,
            reserved_at=at,
            expires_at=at + HOLD_LIFE,
        )
        if insert_or_skip(session, hold) is not None:
            return hold
    raise OfferLimitError(offer.per_person)


def _refuse_if_over(offer: Offer, at: datetime) -> None:
    if offer.state != OfferState.OPEN or not is_on(offer.starts_at, offer.ends_at, at):
        raise OfferNotOpenError


def tie_to_payment(session: Session, hold_id: str, payment_id: str) -> None:
    """Remember which payment captures a reservation."""
    session.execute(
        update(OfferHold).where(col(OfferHold.id) == hold_id).values(payment_id=payment_id)
    )


def capture(session: Session, payment_id: str) -> bool:
    """Hand the piece over to who paid; False when the payment is for no reservation."""
    return _move(session, payment_id, HoldState.RESERVED, HoldState.CAPTURED)


def uncapture(session: Session, payment_id: str) -> bool:
    """Let a reservation run on whose payment was not proved; it ends as it would have."""
    return _move(session, payment_id, HoldState.CAPTURED, HoldState.RESERVED)


def release(session: Session, hold: OfferHold) -> bool:
    """Put a piece back into stock that was not paid.

    Returns:
        False when it was paid or released meanwhile.
    """
    return _release(session, col(OfferHold.id) == hold.id, HoldState.RESERVED)


def release_failed(session: Session, payment_id: str) -> bool:
    """Put a piece back into stock whose payment the chain refused."""
    return _release(session, col(OfferHold.payment_id) == payment_id, HoldState.CAPTURED)


def _move(session: Session, payment_id: str, source: HoldState, target: HoldState) -> bool:
    which = col(OfferHold.payment_id) == payment_id
    return bool(states.move(session, OfferHold, which, source=source, target=target))


def _release(session: Session, which: ColumnElement[bool], source: HoldState) -> bool:
    offer_id = session.execute(
        update(OfferHold)
        .where(which, col(OfferHold.state) == source)
        .values(state=HoldState.RELEASED, place_number=None)
        .returning(col(OfferHold.offer_id))
    ).scalar_one_or_none()
    if offer_id is None:
        return False
    session.execute(
        update(Offer).where(col(Offer.id) == offer_id).values(stock_left=col(Offer.stock_left) + 1)
    )
    return True
