"""A shop's own page: the citizen scanned its poster and types the amount."""

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
from backend.merchants.rules import MerchantState
from backend.web import places
from backend.web.contexts import ShopPage
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
                origin=Origin(PaymentWay.SHOP, f"{actor.account_id}/{purchase_key}"),
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
        is_open=merchant.state == MerchantState.ACTIVE,
        can_pay=is_known,
        balance_units=ledger_queries.balance(session, names.confirmed(me)),
        point_cents=point_cents,
        purchase_key=secrets.token_hex(16),
        problem_key=problem_key,
        typed=typed,
    )
