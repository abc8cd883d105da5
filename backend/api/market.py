"""Payments at a till, takings and cash-outs."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import ConfigDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries, service
from backend.market.models import CashOut, Merchant, Payment
from backend.workflows import pay_merchant

router = APIRouter(tags=["market"])


class PaymentCreate(BaseModel):
    """What a till asks for."""

    merchant_id: str
    units: int = Field(description="Price; 100 units are one point.")
    label: str = Field(default="", max_length=80, description="What it is for.")


class PaymentPublic(BaseModel):
    """A payment as both sides see it."""

    id: str
    merchant_id: str
    units: int
    label: str
    state: str
    expires_at: datetime
    accepted_at: datetime | None
    confirmed_at: datetime | None


class MerchantPublic(BaseModel):
    """A shop with what it has taken in."""

    id: str
    name: str
    state: str
    takings_units: int
    settling_units: int


class CashOutPublic(BaseModel):
    """Takings on their way to the bank."""

    id: str
    units: int
    euro_cents: int
    state: str
    payout_ref: str
    requested_at: datetime
    confirmed_at: datetime | None


@router.get("/merchants/mine", summary="See one's own shops and their takings")
def get_own_merchants(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.RUN_TILL)]
) -> list[MerchantPublic]:
    """Return the shops whose till this account runs."""
    return [
        MerchantPublic(
            id=merchant.id,
            name=merchant.name,
            state=merchant.state,
            takings_units=ledger_queries.balance(session, names.takings(merchant.id)),
            settling_units=ledger_queries.balance(session, names.settling(merchant.id)),
        )
        for merchant in queries.merchants_of(session, actor.account_id)
    ]


@router.post("/payments", status_code=status.HTTP_201_CREATED, summary="Ask a customer for points")
def post_payment(
    body: PaymentCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> PaymentPublic:
    """Open a payment request; the customer confirms it within five minutes."""
    merchant = _own_merchant(queries.merchant(session, body.merchant_id), actor)
    payment = service.request_payment(
        session, merchant_id=merchant.id, units=body.units, label=body.label, at=clock.now()
    )
    return _payment(payment)


@router.get("/payments/{payment_id}", summary="See a payment")
def get_payment(
    payment_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> PaymentPublic:
    """Return a payment: an open one to whoever holds its id, a closed one to its two sides."""
    payment = queries.payment(session, payment_id)
    if payment is None:
        raise NotFoundError("payment", payment_id)
    merchant = queries.merchant(session, payment.merchant_id)
    sides = {payment.payer_account_id, merchant.owner_account_id if merchant else None}
    if payment.payer_account_id is not None and actor.account_id not in sides:
        raise NotFoundError("payment", payment_id)
    return _payment(payment)


@router.post("/payments/{payment_id}/accept", summary="Pay")
def post_accept(
    payment_id: str,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.PAY)],
) -> PaymentPublic:
    """Set the points aside at once; repeating the call changes nothing."""
    return _payment(
        pay_merchant.pay(
            session, payment_id=payment_id, account_id=actor.account_id, now=clock.now()
        )
    )


@router.post("/payments/{payment_id}/cancel", summary="Take a payment request back")
def post_cancel(
    payment_id: str,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> PaymentPublic:
    """Cancel a request that nobody has confirmed; a confirmed one stays."""
    payment = queries.payment(session, payment_id)
    if payment is None:
        raise NotFoundError("payment", payment_id)
    _own_merchant(queries.merchant(session, payment.merchant_id), actor)
    service.cancel(session, payment_id)
    session.refresh(payment)
    return _payment(payment)


@router.post(
    "/merchants/{merchant_id}/cash-outs",
    status_code=status.HTTP_201_CREATED,
    summary="Turn takings into euro",
)
def post_cash_out(
    merchant_id: str,
    session: WriteSession,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> CashOutPublic:
    """Cash out everything that makes whole cents; the rest stays in the takings."""
    merchant = _own_merchant(queries.merchant(session, merchant_id), actor)
    cash_out = service.request_cash_out(
        session,
        merchant_id=merchant.id,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        at=clock.now(),
    )
    return _cash_out(cash_out)


@router.get("/merchants/{merchant_id}/cash-outs", summary="See past cash-outs")
def get_cash_outs(
    merchant_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> list[CashOutPublic]:
    """Return a shop's cash-outs, newest first."""
    merchant = _own_merchant(queries.merchant(session, merchant_id), actor)
    return [_cash_out(row) for row in queries.cash_outs_of(session, merchant.id)]


def _own_merchant(merchant: Merchant | None, actor: Actor) -> Merchant:
    if merchant is None or merchant.owner_account_id != actor.account_id:
        raise NotFoundError("merchant", "this one")
    return merchant


def _payment(payment: Payment) -> PaymentPublic:
    return PaymentPublic.model_validate(payment, from_attributes=True)


def _cash_out(cash_out: CashOut) -> CashOutPublic:
    return CashOutPublic.model_validate(cash_out, from_attributes=True)
