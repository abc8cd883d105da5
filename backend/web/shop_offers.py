"""A merchant's own offers: publish one, change it, end it, see what was changed."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from backend.http.deps import DatabaseDep, Now, ReadSession, WriteSession
from backend.kernel.errors import NotFoundError
from backend.merchants.models import Merchant
from backend.offers import editing, queries, service
from backend.offers.editing import EditedOffer
from backend.offers.errors import OfferInvalidError
from backend.offers.models import Offer, OfferChange
from backend.offers.rules import OfferState
from backend.offers.service import NewOffer
from backend.web import places
from backend.web.contexts import EditOfferPage, OfferChangeLine, OfferLine, ShopOffersPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.texts import ZONE, day_before, local_day
from backend.web.till import Owner
from backend.workflows import at_the_till

router = APIRouter(include_in_schema=False)

LONGEST = timedelta(days=30)
PATH = "/caisse/offres/{merchant_id}"


class OfferForm(BaseModel):
    """What a merchant types; amounts and days as people write them.

    `stock_seen` is what the page showed: the difference is added or taken away.
    """

    form_token: str = ""
    title: str = Field(default="", max_length=200)
    details: str = Field(default="", max_length=500)
    place: str = Field(default="", max_length=120)
    price: str = Field(default="", max_length=20)
    stock: str = Field(default="", max_length=9)
    stock_seen: str = Field(default="0", max_length=9)
    per_person: str = Field(default="1", max_length=9)
    starts_on: str = Field(default="", max_length=10)
    ends_on: str = Field(default="", max_length=10)
    is_accessible: str = ""
    is_spend_free: str = ""


OfferFields = Annotated[OfferForm, Form()]


@router.get(PATH)
def get_shop_offers(
    request: Request, merchant_id: str, session: ReadSession, clock: Now, actor: Owner
) -> Response:
    """Show a shop's offers and the form for another one."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = _shop_page(session, shop, clock.now())
    return respond(request, "shop_offers.html", page, actor=actor, section="till")


@router.post(PATH, dependencies=[checked_form()])
def post_offer(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Owner,
    form: OfferFields,
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


@router.get(PATH + "/{offer_id}")
def get_edit(
    request: Request, merchant_id: str, offer_id: str, session: ReadSession, actor: Owner
) -> Response:
    """Show an offer with what may be changed, and what was changed."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = _edit_page(session, shop, _own_offer(session, shop, offer_id))
    return respond(request, "shop_offer.html", page, actor=actor, section="till")


@router.post(PATH + "/{offer_id}", dependencies=[checked_form()])
def post_edit(
    request: Request,
    merchant_id: str,
    offer_id: str,
    database: DatabaseDep,
    clock: Now,
    *,
    actor: Owner,
    form: OfferFields,
) -> Response:
    """Change an offer; what is reserved keeps its price."""
    try:
        with database.transaction() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            offer = _own_offer(session, shop, offer_id)
            editing.edit(session, offer.id, _edited(form), by=actor.account_id, at=clock.now())
    except OfferInvalidError as error:
        with database.reading() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            page = _edit_page(
                session,
                shop,
                _own_offer(session, shop, offer_id),
                problem_key=f"offers.problem.{error.field}",
                form=form,
            )
        return respond(request, "shop_offer.html", page, actor=actor, section="till", status=422)
    return see(f"/caisse/offres/{merchant_id}/{offer_id}")


@router.post(PATH + "/{offer_id}/retirer", dependencies=[checked_form()])
def post_close(
    merchant_id: str, offer_id: str, session: WriteSession, clock: Now, actor: Owner
) -> Response:
    """Take an offer back; reservations stand until they end."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    offer = _own_offer(session, shop, offer_id)
    editing.end(session, offer.id, by=actor.account_id, at=clock.now())
    return see(f"/caisse/offres/{merchant_id}")


def _own_offer(session: Session, shop: Merchant, offer_id: str) -> Offer:
    offer = queries.offer(session, offer_id)
    if offer is None or offer.merchant_id != shop.id:
        raise NotFoundError("offer", offer_id)
    return offer


def _shop_page(
    session: Session,
    shop: Merchant,
    now: datetime,
    *,
    problem_key: str = "",
    form: OfferForm | None = None,
) -> ShopOffersPage:
    today = local_day(now)
    blank = OfferForm(starts_on=today.isoformat(), ends_on=(today + LONGEST).isoformat())
    return ShopOffersPage(
        merchant_id=shop.id,
        merchant=f"{shop.name}, {places.of_commune(session, shop.commune_code)}",
        lines=tuple(
            OfferLine(
                offer.id,
                offer.title,
                offer.price_units,
                offer.stock_left,
                day_before(offer.ends_at),
                offer.state == OfferState.OPEN and offer.ends_at > now,
            )
            for offer in queries.of_merchant(session, shop.id)
        ),
        problem_key=problem_key,
        typed=_typed(form or blank),
    )


def _edit_page(
    session: Session,
    shop: Merchant,
    offer: Offer,
    *,
    problem_key: str = "",
    form: OfferForm | None = None,
) -> EditOfferPage:
    changes = queries.changes(session, offer.id)
    kept = OfferForm(
        details=offer.details,
        place=offer.place,
        price=_amount(offer.price_units),
        stock=str(offer.stock_left),
        per_person=str(offer.per_person),
        starts_on=local_day(offer.starts_at).isoformat(),
        ends_on=day_before(offer.ends_at).isoformat(),
    )
    return EditOfferPage(
        merchant_id=shop.id,
        offer_id=offer.id,
        title=offer.title,
        is_open=offer.state == OfferState.OPEN,
        stock_seen=offer.stock_left,
        changes=tuple(line for change in changes for line in _lines(change)),
        problem_key=problem_key,
        typed=_typed(form or kept),
    )


def _typed(form: OfferForm) -> tuple[tuple[str, str], ...]:
    return tuple(form.model_dump(exclude={"form_token"}).items())


def _lines(change: OfferChange) -> list[OfferChangeLine]:
    return [
        OfferChangeLine(
            change.changed_at,
            f"offers.changed.{name}",
            _TOLD.get(name, str)(change.before[name]),
            _TOLD.get(name, str)(value),
        )
        for name, value in sorted(change.after.items())
    ]


def _amount(units: int) -> str:
    whole, part = divmod(units, 100)
    return f"{whole},{part:02d}" if part else str(whole)


_TOLD: dict[str, Callable[[Any], str]] = {
    "price_units": _amount,
    "starts_at": lambda text: local_day(datetime.fromisoformat(text)).isoformat(),
    "ends_at": lambda text: day_before(datetime.fromisoformat(text)).isoformat(),
    "state": lambda _: "",
}
"""How a value of the history is told; everything else as it is."""


def _new(form: OfferForm, shop: Merchant) -> NewOffer:
    return NewOffer(
        title=form.title,
        details=form.details,
        place=form.place,
        commune_code=shop.commune_code,
        price_units=units_in(form.price) or 0,
        stock=_count(form.stock),
        per_person=_count(form.per_person),
        starts_at=_midnight(form.starts_on, "starts"),
        ends_at=_ends(form),
        is_accessible=bool(form.is_accessible),
        is_spend_free=bool(form.is_spend_free),
    )


def _edited(form: OfferForm) -> EditedOffer:
    if not form.stock.isascii() or not form.stock.isdigit():
        raise OfferInvalidError("stock")
    return EditedOffer(
        details=form.details,
        place=form.place,
        price_units=units_in(form.price) or 0,
        stock_added=_count(form.stock) - _count(form.stock_seen),
        per_person=_count(form.per_person),
        starts_at=_midnight(form.starts_on, "starts"),
        ends_at=_ends(form),
    )


def _ends(form: OfferForm) -> datetime:
    # Its last day counts whole.
    return _midnight(form.ends_on, "ends") + timedelta(days=1)


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _midnight(text: str, field: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise OfferInvalidError(field) from error
    return datetime.combine(day, time(), ZONE)
