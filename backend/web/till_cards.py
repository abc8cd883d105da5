"""The till scans a customer's card: the code on a phone, or a paper card with PIN."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, Field

from backend.http.deps import DatabaseDep, Now, ReadSession
from backend.http.problems import STATUS
from backend.kernel.errors import EcoError
from backend.web.contexts import TillCardPage
from backend.web.forms import checked_form, see, units_in
from backend.web.rendering import respond
from backend.web.till import Till
from backend.workflows import at_the_till, pay_with_card
from backend.workflows.pay_with_card import CardPurchase

router = APIRouter(include_in_schema=False)

_AT_THE_FORM = (
    "card_unreadable",
    "card_unknown",
    "card_blocked",
    "payment_amount_invalid",
    "proof_needed",
    "factor_missing",
    "units_insufficient",
    "own_wallet_signs",
    "points_moving",
)


class CardForm(BaseModel):
    """What the till sends; the PIN is sealed in this request and kept nowhere."""

    form_token: str = ""
    purchase_key: str = Field(min_length=16, max_length=64)
    amount: str = Field(default="", max_length=20)
    label: str = Field(default="", max_length=80)
    code: str = Field(default="", max_length=200)
    pin: str = Field(default="", max_length=12)


@router.get("/caisse/carte/{merchant_id}")
def get_card_till(
    request: Request, merchant_id: str, session: ReadSession, actor: Till, amount: str = ""
) -> Response:
    """Ask for amount and card."""
    shop = at_the_till.own_shop(session, actor, merchant_id)
    page = TillCardPage(shop.id, shop.name, secrets.token_hex(16), amount=amount[:20])
    return respond(request, "till_card.html", page, actor=actor, section="till")


@router.post("/caisse/carte/{merchant_id}", dependencies=[checked_form()])
def post_card(
    request: Request,
    merchant_id: str,
    database: DatabaseDep,
    clock: Now,
    actor: Till,
    form: Annotated[CardForm, Form()],
) -> Response:
    """Take the payment; what cannot be comes back with the reason, and nothing moved."""
    try:
        with database.transaction() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
            purchase = CardPurchase(
                units=units_in(form.amount) or 0,
                label=form.label,
                code=form.code,
                pin=form.pin,
                key=f"{shop.id}/{form.purchase_key}",
                taken_by=actor.account_id,
            )
            payment = pay_with_card.pay(session, purchase, merchant_id=shop.id, now=clock.now())
    except EcoError as error:
        if error.code not in _AT_THE_FORM:
            raise
        with database.reading() as session:
            shop = at_the_till.own_shop(session, actor, merchant_id)
        page = TillCardPage(
            shop.id,
            shop.name,
            form.purchase_key,
            amount=form.amount,
            label=form.label,
            code=form.code,
            problem_key=f"till_card.problem.{error.code}",
            asks_pin=error.code == "proof_needed",
        )
        status = STATUS[error.kind]
        return respond(request, "till_card.html", page, actor=actor, section="till", status=status)
    return see(f"/caisse/{payment.id}")
