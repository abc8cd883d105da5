"""Offers: what one's points buy, near home; reserving; a merchant's own list."""

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    Config,
    ConfigDep,
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants import queries as merchant_queries
from backend.merchants.models import Merchant
from backend.offers import queries, service
from backend.offers.errors import OfferInvalidError
from backend.offers.models import Offer
from backend.offers.rules import HoldState
from backend.offers.service import NewOffer
from backend.territory import queries as territory_queries
from backend.web import little_map, places
from backend.web.contexts import OfferCard, OfferLine, OffersPage, ShopOffersPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.texts import ZONE, local_day
from backend.web.till import Owner
from backend.web.worth import worth_cents
from backend.workflows import at_the_till, take_offer

router = APIRouter(include_in_schema=False)

MAX_OFFERS = 60
LONGEST = timedelta(days=30)


class Wish(BaseModel):
    """What somebody looks for; every field may be empty."""

    commune: str = Field(default="", max_length=5)
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
    """Show what points buy: the chosen commune first, then what ends soonest."""
    page = _page(session, actor, config, wish, clock.now())
    return respond(request, "offers.html", page, actor=actor, section="offers")


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


@router.get("/caisse/offres/{merchant_id}")
def get_shop_offers(
    request: Request, merchant_id: str, session: ReadSession, clock: Now, actor: Owner
) -> Response:
    """Show a shop's offers and the form for another one."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = _shop_page(session, shop, clock.now())
    return respond(request, "shop_offers.html", page, actor=actor, section="till")


class OfferForm(BaseModel):
    """What a merchant types; amounts and days as people write them."""

    form_token: str = ""
    title: str = Field(default="", max_length=200)
    details: str = Field(default="", max_length=500)
    place: str = Field(default="", max_length=120)
    price: str = Field(default="", max_length=20)
    stock: str = Field(default="", max_length=9)
    per_person: str = Field(default="1", max_length=9)
    starts_on: str = Field(default="", max_length=10)
    ends_on: str = Field(default="", max_length=10)
    is_accessible: str = ""
    is_spend_free: str = ""


@router.post("/caisse/offres/{merchant_id}", dependencies=[checked_form()])
def post_offer(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Owner,
    form: Annotated[OfferForm, Form()],
) -> Response:
    """Make an offer; a wrong field comes back with what was typed."""
    try:
        with database.transaction() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            service.create(session, _new(form, shop), merchant_id=shop.id, at=clock.now())
    except OfferInvalidError as error:
        with database.reading() as session:
            page = _shop_page(
                session,
                at_the_till.own_shop(session, actor, merchant_id),
                clock.now(),
                problem_key=f"offers.problem.{error.field}",
                form=form,
            )
        return respond(request, "shop_offers.html", page, actor=actor, section="till", status=422)
    return see(f"/caisse/offres/{merchant_id}")


@router.post("/caisse/offres/{merchant_id}/{offer_id}/retirer", dependencies=[checked_form()])
def post_close(merchant_id: str, offer_id: str, session: WriteSession, actor: Owner) -> Response:
    """Take an offer back; reservations stand until they end."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    offer = queries.offer(session, offer_id)
    if offer is None or offer.merchant_id != shop.id:
        raise NotFoundError("offer", offer_id)
    service.close(session, offer_id)
    return see(f"/caisse/offres/{merchant_id}")


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
    # The chosen commune first; the order inside, what ends soonest, stays.
    found.sort(key=lambda offer: offer.commune_code != wish.commune)
    outlines, dots = little_map.draw(communes, [offer.commune_code for offer in found])
    names_of = {code: commune.name for code, commune in communes.items()}
    return OffersPage(
        commune_code=wish.commune,
        communes=tuple(sorted(names_of.items(), key=lambda pair: pair[1])),
        only_accessible=bool(wish.accessible),
        only_spend_free=bool(wish.sans_achat),
        offers=tuple(
            _card(session, offer, shops[offer.merchant_id], names_of, me, config)
            for offer in found[:MAX_OFFERS]
            if offer.merchant_id in shops
        ),
        outlines=outlines,
        dots=dots,
        balance_units=ledger_queries.balance(session, names.confirmed(me)) if me else 0,
        is_known=bool(me),
    )


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
        ends_at=offer.ends_at,
        is_accessible=offer.is_accessible,
        is_spend_free=offer.is_spend_free,
        mine=len(held),
        pay_href=f"/payer/{unpaid[0].payment_id}" if unpaid else "",
        can_reserve=len(held) < offer.per_person,
    )


def _shop_page(
    session: Session,
    shop: Merchant,
    now: datetime,
    *,
    problem_key: str = "",
    form: OfferForm | None = None,
) -> ShopOffersPage:
    today = local_day(now)
    typed = form.model_dump(exclude={"form_token"}) if form is not None else {}
    return ShopOffersPage(
        merchant_id=shop.id,
        merchant=f"{shop.name}, {places.of_commune(session, shop.commune_code)}",
        lines=tuple(
            OfferLine(
                offer.id,
                offer.title,
                offer.price_units,
                offer.stock_left,
                offer.ends_at,
                offer.state == "open" and offer.ends_at > now,
            )
            for offer in queries.of_merchant(session, shop.id)
        ),
        starts_on=today.isoformat(),
        ends_on=(today + LONGEST).isoformat(),
        problem_key=problem_key,
        typed=tuple(typed.items()),
    )


def _new(form: OfferForm, shop: Merchant) -> NewOffer:
    ends = _midnight(form.ends_on, "ends")
    return NewOffer(
        title=form.title,
        details=form.details,
        place=form.place,
        commune_code=shop.commune_code,
        price_units=units_in(form.price) or 0,
        stock=_count(form.stock),
        per_person=_count(form.per_person),
        starts_at=_midnight(form.starts_on, "starts"),
        # Its last day counts whole.
        ends_at=ends + timedelta(days=1),
        is_accessible=bool(form.is_accessible),
        is_spend_free=bool(form.is_spend_free),
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _midnight(text: str, field: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise OfferInvalidError(field) from error
    return datetime.combine(day, time(), ZONE)
