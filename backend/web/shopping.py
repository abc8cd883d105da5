"""A shop's own page, where a citizen types the amount; an association's, where one gives."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    ConfigDep,
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    public,
    requires,
)
from backend.kernel.errors import EcoError, NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market.rules import Origin, PaymentWay
from backend.merchants import queries
from backend.merchants.hours import day_text
from backend.merchants.rules import MerchantKind, MerchantState
from backend.territory import queries as territory_queries
from backend.web import area_map, little_map, places
from backend.web.contexts import AssociationLine, GivingPage, ShopPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.worth import point_cents
from backend.workflows import pay_merchant

router = APIRouter(include_in_schema=False)


@router.get("/b/{merchant_id}", dependencies=[public()])
@router.get("/B/{merchant_id}", dependencies=[public()])
def get_short(merchant_id: str) -> Response:
    """Lead from the upper-case address of the poster to the page."""
    return see(f"/boutique/{merchant_id.lower()}")


@router.get("/boutique/{merchant_id}", dependencies=[public()])
def get_shop(
    request: Request, merchant_id: str, session: ReadSession, config: ConfigDep, actor: MaybeActor
) -> Response:
    """Show a shop and ask for the amount; looking at it pays nothing."""
    page = _page(session, merchant_id, actor, point_cents=str(point_cents(config)))
    return respond(request, "shop.html", page, actor=actor)


@router.get("/dons", dependencies=[public()])
def get_associations(request: Request, session: ReadSession, actor: MaybeActor) -> Response:
    """Show the associations that take points as gifts, on a small map and by name."""
    communes = {c.insee_code: c for c in territory_queries.communes(session)}
    found = queries.active_of_kind(session, MerchantKind.ASSOCIATION)
    outlines, dots = little_map.draw(
        communes,
        [little_map.Spot(one.commune_code, one.latitude_e6, one.longitude_e6) for one in found],
    )
    page = GivingPage(
        associations=tuple(
            AssociationLine(
                href=f"/boutique/{one.id}",
                name=one.name,
                where=", ".join(
                    part
                    for part in (one.address, places.of_commune(session, one.commune_code))
                    if part
                ),
            )
            for one in found
        ),
        outlines=outlines,
        dots=dots,
        pins=area_map.pins_of(found),
    )
    return respond(request, "giving.html", page, actor=actor, section="offers")


@router.post("/boutique/{merchant_id}", dependencies=[checked_form()])
def post_amount(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.PAY)],
    purchase_key: Annotated[str, Form(min_length=16, max_length=64)],
    *,
    amount: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Open the payment that the citizen typed; the next page confirms it."""
    try:
        with database.transaction() as session:
            payment = pay_merchant.request(
                session,
                merchant_id=merchant_id,
                units=units_in(amount) or 0,
                label="",
                origin=Origin(_way(session, merchant_id), f"{actor.account_id}/{purchase_key}"),
                at=clock.now(),
            )
    except EcoError as error:
        if error.code != "payment_amount_invalid":
            raise
        with database.reading() as session:
            page = _page(
                session,
                merchant_id,
                actor,
                point_cents=str(point_cents(config)),
                problem_key=f"till.problem.{error.code}",
                typed=amount,
            )
        return respond(request, "shop.html", page, actor=actor, status=422)
    return see(f"/payer/{payment.id}")


def _way(session: Session, merchant_id: str) -> PaymentWay:
    merchant = queries.merchant(session, merchant_id)
    is_gift = merchant is not None and merchant.kind == MerchantKind.ASSOCIATION
    return PaymentWay.DONATION if is_gift else PaymentWay.SHOP


def _page(
    session: Session,
    merchant_id: str,
    actor: Actor | None,
    *,
    point_cents: str,
    problem_key: str = "",
    typed: str = "",
) -> ShopPage:
    merchant = queries.merchant(session, merchant_id)
    if merchant is None:
        raise NotFoundError("merchant", merchant_id)
    is_known = actor is not None and not actor.is_anonymous
    me = actor.account_id if actor is not None else ""
    return ShopPage(
        merchant_id=merchant.id,
        merchant=merchant.name,
        commune=places.of_commune(session, merchant.commune_code),
        is_association=merchant.kind == MerchantKind.ASSOCIATION,
        is_open=merchant.state == MerchantState.ACTIVE,
        can_pay=is_known,
        balance_units=ledger_queries.balance(session, names.confirmed(me)),
        point_cents=point_cents,
        purchase_key=secrets.token_hex(16),
        hours=tuple(day_text(day) for day in merchant.hours),
        where=merchant.address,
        pins=area_map.pins_of([merchant]),
        problem_key=problem_key,
        typed=typed,
    )
