"""Payments at a till."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.api import merchants
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.market import queries, service
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries
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


@router.post("/payments", status_code=status.HTTP_201_CREATED, summary="Ask a customer for points")
def post_payment(
    body: PaymentCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> PaymentPublic:
    """Open a payment request; the customer confirms it within five minutes."""
    merchant = merchants.own(session, body.merchant_id, actor)
    payment = pay_merchant.request(
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
    merchant = merchant_queries.merchant(session, payment.merchant_id)
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
    merchants.own(session, payment.merchant_id, actor)
    service.cancel(session, payment_id)
    session.refresh(payment)
    return _payment(payment)


def _payment(payment: Payment) -> PaymentPublic:
    return PaymentPublic.model_validate(payment, from_attributes=True)
