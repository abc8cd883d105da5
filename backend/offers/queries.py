"""Reads of offers."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.offers.models import Offer, OfferChange, OfferHold
from backend.offers.rules import HoldState, OfferState


def offer(session: Session, offer_id: str) -> Offer | None:
    """Return one offer."""
    return session.get(Offer, offer_id)


def on(session: Session, now: datetime, *, limit: int = 200) -> Sequence[Offer]:
    """Return the offers that can be reserved now, those that end first before others."""
    statement = select(Offer).where(
        col(Offer.state) == OfferState.OPEN,
        col(Offer.starts_at) <= now,
        col(Offer.ends_at) > now,
        col(Offer.stock_left) > 0,
    )
    return session.exec(statement.order_by(col(Offer.ends_at), col(Offer.id)).limit(limit)).all()


def of_merchant(session: Session, merchant_id: str, *, limit: int = 100) -> Sequence[Offer]:
    """Return a merchant's offers, newest first."""
    statement = select(Offer).where(col(Offer.merchant_id) == merchant_id)
    return session.exec(statement.order_by(col(Offer.id).desc()).limit(limit)).all()


def changes(session: Session, offer_id: str, *, limit: int = 50) -> Sequence[OfferChange]:
    """Return what was changed about an offer, newest first."""
    statement = select(OfferChange).where(col(OfferChange.offer_id) == offer_id)
    return session.exec(statement.order_by(col(OfferChange.id).desc()).limit(limit)).all()


def held_by(session: Session, offer_id: str, account_id: str) -> Sequence[OfferHold]:
    """Return what a person has of an offer: reserved or paid."""
    statement = select(OfferHold).where(
        col(OfferHold.offer_id) == offer_id,
        col(OfferHold.account_id) == account_id,
        col(OfferHold.state) != HoldState.RELEASED,
    )
    return session.exec(statement.order_by(col(OfferHold.id))).all()


def hold_of_payment(session: Session, payment_id: str) -> OfferHold | None:
    """Return the reservation that a payment pays."""
    return session.exec(
        select(OfferHold).where(col(OfferHold.payment_id) == payment_id)
    ).one_or_none()


def holds_of(session: Session, account_id: str, *, limit: int = 50) -> Sequence[OfferHold]:
    """Return a person's reservations, lapsed ones included, newest first."""
    statement = select(OfferHold).where(col(OfferHold.account_id) == account_id)
    return session.exec(statement.order_by(col(OfferHold.id).desc()).limit(limit)).all()


def lapsed(session: Session, now: datetime, *, limit: int = 100) -> Sequence[OfferHold]:
    """Return reservations whose time is over and which nobody paid, oldest first."""
    statement = select(OfferHold).where(
        col(OfferHold.state) == HoldState.RESERVED, col(OfferHold.expires_at) <= now
    )
    return session.exec(statement.order_by(col(OfferHold.id)).limit(limit)).all()
