"""Offers: what one's points buy, near home; reserving; a merchant's own list."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    Config,
    ConfigDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.http.security import COOKIE_LIFE_S
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants import queries as merchant_queries
from backend.merchants.hours import day_text
from backend.merchants.models import Merchant
from backend.offers import queries
from backend.offers.models import Offer
from backend.offers.rules import HoldState
from backend.territory import queries as territory_queries
from backend.web import area_map, little_map
from backend.web.contexts import OfferCard, OffersPage
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.web.texts import day_before, local_day
from backend.web.worth import worth_cents
from backend.workflows import take_offer

router = APIRouter(include_in_schema=False)

MAX_OFFERS = 60
HOME_COOKIE = "commune"
"""The commune that somebody looked near to; only this page reads it."""
FAR_KM = 10_000


class Wish(BaseModel):
    """What somebody looks for; every field may be empty."""

    commune: str | None = Field(default=None, max_length=5)
    accessible: str = Field(default="", max_length=3)
    sans_achat: str = Field(default="", max_length=3)


@router.get("/offres", dependencies=[public()])
def get_offers(
    request: Request,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: MaybeActor,
    wish: Annotated[Wish, Query()],
) -> Response:
    """Show what points buy: near the chosen commune first, which the browser remembers."""
    asked = wish.commune
    home = asked if asked is not None else request.cookies.get(HOME_COOKIE, "")[:5]
    page = _page(session, actor, config, wish.model_copy(update={"commune": home}), clock.now())
    response = respond(request, "offers.html", page, actor=actor, section="offers")
    if asked is not None:
        response.set_cookie(
            HOME_COOKIE,
            page.commune_code,
            max_age=COOKIE_LIFE_S,
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="lax",
            path="/offres",
        )
    return response


@router.post("/offres/{offer_id}/reserver", dependencies=[checked_form()])
def post_reserve(
    offer_id: str,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.PAY)],
) -> Response:
    """Set one piece aside for fifteen minutes and ask for its price."""
    payment = take_offer.reserve(
        session, offer_id=offer_id, account_id=actor.account_id, now=clock.now()
    )
    return see(f"/payer/{payment.id}")


def _page(
    session: Session, actor: Actor | None, config: Config, wish: Wish, now: datetime
) -> OffersPage:
    me = actor.account_id if actor is not None and not actor.is_anonymous else ""
    communes = {c.insee_code: c for c in territory_queries.communes(session)}
    shops = {shop.id: shop for shop in merchant_queries.merchants(session)}
    found = [
        offer
        for offer in queries.on(session, now)
        if (offer.is_accessible or not wish.accessible)
        and (offer.is_spend_free or not wish.sans_achat)
    ]
    home = wish.commune if wish.commune in communes else ""
    spots = {offer.id: _spot(offer, shops[offer.merchant_id]) for offer in found}
    km = {
        offer.id: little_map.km_between(communes, little_map.Spot(home), spots[offer.id])
        for offer in found
        if home
    }
    # What is nearest first; at the same distance the order stays, what ends soonest.
    found.sort(key=lambda offer: _or_far(km.get(offer.id)))
    outlines, dots = little_map.draw(communes, spots.values())
    names_of = {code: commune.name for code, commune in communes.items()}
    return OffersPage(
        commune_code=home,
        communes=tuple(sorted(names_of.items(), key=lambda pair: pair[1])),
        only_accessible=bool(wish.accessible),
        only_spend_free=bool(wish.sans_achat),
        offers=tuple(
            replace(
                _card(session, offer, shops[offer.merchant_id], names_of, me, config),
                km=km.get(offer.id) or 0,
                open_today=_open_today(shops[offer.merchant_id], now),
            )
            for offer in found[:MAX_OFFERS]
        ),
        outlines=outlines,
        dots=dots,
        pins=area_map.pins_of(shops[m] for m in dict.fromkeys(o.merchant_id for o in found)),
        balance_units=ledger_queries.balance(session, names.confirmed(me)) if me else 0,
        is_known=bool(me),
    )


def _or_far(km: int | None) -> int:
    return FAR_KM if km is None else km


def _open_today(shop: Merchant, now: datetime) -> str:
    return day_text(shop.hours[local_day(now).weekday()]) if shop.hours else ""


def _spot(offer: Offer, shop: Merchant) -> little_map.Spot:
    if offer.commune_code != shop.commune_code:
        return little_map.Spot(offer.commune_code)
    return little_map.Spot(offer.commune_code, shop.latitude_e6, shop.longitude_e6)


def _card(
    session: Session,
    offer: Offer,
    shop: Merchant,
    names_of: dict[str, str],
    me: str,
    config: Config,
) -> OfferCard:
    held = queries.held_by(session, offer.id, me) if me else ()
    unpaid = [hold for hold in held if hold.state == HoldState.RESERVED and hold.payment_id]
    place = offer.place or shop.address
    where = ", ".join(part for part in (place, names_of.get(offer.commune_code, "")) if part)
    return OfferCard(
        offer_id=offer.id,
        title=offer.title,
        details=offer.details,
        merchant=shop.name,
        where=where,
        price_units=offer.price_units,
        worth_cents=worth_cents(offer.price_units, config),
        left=offer.stock_left,
        per_person=offer.per_person,
        last_day=day_before(offer.ends_at),
        is_accessible=offer.is_accessible,
        is_spend_free=offer.is_spend_free,
        mine=len(held),
        pay_href=f"/payer/{unpaid[0].payment_id}" if unpaid else "",
        can_reserve=len(held) < offer.per_person,
    )
