"""Paying: a citizen looks at a merchant's request and says yes."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts.rules import Actor, Permission
from backend.custody import queries as custody_queries
from backend.custody.rules import Custody
from backend.factors import queries as factor_queries
from backend.factors.rules import base64url
from backend.http.deps import (
    ConfigDep,
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
from backend.market import queries
from backend.market.models import Payment
from backend.market.rules import PaymentState, PaymentWay
from backend.merchants import queries as merchant_queries
from backend.web import places
from backend.web.contexts import PayPage
from backend.web.forms import checked_form, json_object, see
from backend.web.rendering import respond
from backend.web.worth import worth_cents
from backend.workflows import pay_merchant, pay_own_wallet, prove_payment
from backend.workflows.prove_payment import Proof

router = APIRouter(include_in_schema=False)


@router.get("/p/{payment_id}", dependencies=[public()])
@router.get("/P/{payment_id}", dependencies=[public()])
def get_short(payment_id: str) -> Response:
    """Lead from the upper-case address of the QR to the page."""
    return see(f"/payer/{payment_id.lower()}")


@router.get("/payer/{payment_id}", dependencies=[public()])
def get_pay(
    request: Request,
    payment_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: MaybeActor,
) -> Response:
    """Show who asks for how many points; looking at it pays nothing."""
    payment = queries.payment(session, payment_id)
    merchant = (
        merchant_queries.merchant(session, payment.merchant_id) if payment is not None else None
    )
    if payment is None or merchant is None:
        raise NotFoundError("payment", payment_id)
    is_asked = payment.state == PaymentState.REQUESTED
    if actor is not None and payment.payer_account_id == actor.account_id and not is_asked:
        return see(f"/paiements/{payment_id}")
    is_open = payment.state == PaymentState.REQUESTED and payment.expires_at > clock.now()
    balance = _balance(session, actor)
    page = PayPage(
        payment_id=payment.id,
        merchant=merchant.name,
        commune=places.of_commune(session, merchant.commune_code),
        label=payment.label,
        units=payment.units,
        worth_cents=worth_cents(payment.units, config),
        expires_at=payment.expires_at,
        state="open" if is_open else "closed",
        obstacle=_obstacle(session, actor, payment, balance, clock.now()),
        balance_units=balance,
        after_units=balance - payment.units,
        is_gift=payment.way == PaymentWay.DONATION,
        **_proof(session, actor, payment, clock.now()),
    )
    return respond(request, "pay.html", page, actor=actor)


@router.post("/payer/{payment_id}", dependencies=[checked_form()])
def post_pay(
    payment_id: str,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.PAY)],
    pin: Annotated[str, Form(max_length=12)] = "",
    credential: Annotated[str, Form(max_length=8192)] = "",
) -> Response:
    """Set the points aside; sending the form twice pays once."""
    pay_merchant.pay(
        session,
        payment_id=payment_id,
        account_id=actor.account_id,
        proof=Proof(pin=pin, assertion=json_object(credential)),
        now=clock.now(),
    )
    return see(f"/paiements/{payment_id}")


def _balance(session: Session, actor: Actor | None) -> int:
    if actor is None:
        return 0
    return ledger_queries.balance(session, names.confirmed(actor.account_id))


def _proof(
    session: Session, actor: Actor | None, payment: Payment, now: datetime
) -> dict[str, Any]:
    held = account_queries.current_address(session, actor.account_id) if actor else None
    if actor is None or held is None:
        return {}
    if held.custody == Custody.OWN:
        return _own_wallet(session, actor, payment, held.address)
    address = held.address
    if not prove_payment.is_needed(session, payment.units, actor.account_id, now=now):
        return {}
    factors = factor_queries.counting(session, address, now=now)
    if not factors:
        return {}
    is_mine = payment.payer_account_id == actor.account_id
    refusal = payment.waiting_code if is_mine else None
    return {
        "asks_pin": factor_queries.has_pin(factors),
        "challenge": base64url(prove_payment.challenge(session, payment, address)),
        "credentials": ",".join(f.credential_id for f in factors if f.credential_id),
        "problem_key": f"pay.unproved.{refusal}" if refusal else "",
    }


def _own_wallet(session: Session, actor: Actor, payment: Payment, address: str) -> dict[str, Any]:
    is_mine = payment.payer_account_id == actor.account_id
    refusal = payment.waiting_code if is_mine else None
    return {
        "typed": json.dumps(pay_own_wallet.typed(session, payment, address)),
        "signer": address,
        "problem_key": f"pay.unproved.{refusal}" if refusal else "",
    }


def _obstacle(
    session: Session, actor: Actor | None, payment: Payment, balance: int, now: datetime
) -> str:
    if actor is None or actor.is_anonymous:
        return "sign_in"
    if balance < payment.units:
        return "too_poor"
    held = account_queries.current_address(session, actor.account_id)
    if held is None:
        return "preparing"
    if custody_queries.is_moving(session, actor.account_id):
        return "moving"
    needs_proof = held.custody == Custody.SERVICE and prove_payment.is_needed(
        session, payment.units, actor.account_id, now=now
    )
    has_proof = bool(factor_queries.counting(session, held.address, now=now))
    return "factor_missing" if needs_proof and not has_proof else ""
