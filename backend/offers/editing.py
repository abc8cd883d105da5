"""Changing an offer that is on; what was reserved before keeps the price that it had."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from backend.kernel.errors import NotFoundError
from backend.offers import queries
from backend.offers.errors import OfferInvalidError, OfferNotOpenError
from backend.offers.models import Offer, OfferChange
from backend.offers.rules import PER_PERSON_MAX, STOCK_MAX, OfferState

FIELDS = ("details", "place", "price_units", "per_person", "starts_at", "ends_at", "stock_left")


@dataclass(frozen=True)
class EditedOffer:
    """What a merchant may change; the title stays, because people reserved that very thing.

    Attributes:
        stock_added: Pieces put beside those that are left, below zero for pieces taken away:
            what is reserved while the merchant types is not counted twice.
    """

    details: str
    place: str
    price_units: int
    stock_added: int
    per_person: int
    starts_at: datetime
    ends_at: datetime


def edit(
    session: Session, offer_id: str, new: EditedOffer, *, by: str, at: datetime
) -> OfferChange | None:
    """Change an offer and keep what it was.

    Returns:
        The line of its history; `None` when nothing is different.
    Raises:
        NotFoundError: No such offer.
        OfferNotOpenError: It was taken back.
        OfferInvalidError: A field is out of range, or more pieces are taken away than are left.
    Effects: offer, offer_change. Reservations and their payments stay as they are.
    """
    _check(new, at)
    # Reserving waits for this row, or we for it; from here on nobody changes the stock.
    locked = session.execute(
        update(Offer)
        .where(
            col(Offer.id) == offer_id,
            col(Offer.state) == OfferState.OPEN,
            col(Offer.stock_left) + new.stock_added >= 0,
            col(Offer.stock_left) + new.stock_added <= STOCK_MAX,
        )
        .values(stock_left=col(Offer.stock_left) + new.stock_added)
        .returning(col(Offer.id))
    ).scalar_one_or_none()
    offer = queries.offer(session, offer_id)
    if offer is None:
        raise NotFoundError("offer", offer_id)
    session.refresh(offer)
    if locked is None:
        if offer.state != OfferState.OPEN:
            raise OfferNotOpenError
        raise OfferInvalidError("stock")
    before = _told(offer) | {"stock_left": offer.stock_left - new.stock_added}
    offer.details, offer.place = new.details.strip()[:500], new.place.strip()[:120]
    offer.price_units, offer.per_person = new.price_units, new.per_person
    offer.starts_at, offer.ends_at = new.starts_at, new.ends_at
    session.add(offer)
    session.flush()
    return _note(session, offer_id, before, _told(offer), by=by, at=at)


def end(session: Session, offer_id: str, *, by: str, at: datetime) -> None:
    """Take an offer back; reservations stand until they end. Ending it twice is once.

    Effects: offer CLOSED, offer_change.
    """
    ended = session.execute(
        update(Offer)
        .where(col(Offer.id) == offer_id, col(Offer.state) == OfferState.OPEN)
        .values(state=OfferState.CLOSED)
        .returning(col(Offer.id))
    ).scalar_one_or_none()
    if ended is not None:
        before, after = {"state": OfferState.OPEN.value}, {"state": OfferState.CLOSED.value}
        _note(session, offer_id, before, after, by=by, at=at)


def _check(new: EditedOffer, at: datetime) -> None:
    checks = {
        "price": new.price_units > 0,
        "per_person": 0 < new.per_person <= PER_PERSON_MAX,
        "ends": new.starts_at < new.ends_at and new.ends_at > at,
    }
    for field, is_good in checks.items():
        if not is_good:
            raise OfferInvalidError(field)


def _told(offer: Offer) -> dict[str, Any]:
    values = {name: getattr(offer, name) for name in FIELDS}
    return {
        name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _note(
    session: Session,
    offer_id: str,
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    by: str,
    at: datetime,
) -> OfferChange | None:
    changed = [name for name, value in after.items() if before[name] != value]
    if not changed:
        return None
    row = OfferChange(
        offer_id=offer_id,
        changed_by=by,
        changed_at=at,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    session.add(row)
    session.flush()
    return row
