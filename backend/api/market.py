"""Payments at a till."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.market import queries, service
from backend.market.models import Payment
from backend.market.rules import Origin
from backend.merchants import queries as merchant_queries
from backend.workflows import at_the_till, give_back_payment, pay_merchant
from backend.workflows.prove_payment import NO_PROOF, Proof

router = APIRouter(tags=["market"])


class PaymentCreate(BaseModel):
    """What a till asks for."""

    merchant_id: str
    units: int = Field(description="Price; 100 units are one point.")
    label: str = Field(default="", max_length=80, description="What it is for.")


class PaymentAccept(BaseModel):
    """The citizen's own proof; only a large payment needs one."""

    pin: str = Field(default="", max_length=12, description="4 to 12 digits.")
    passkey: dict[str, Any] | None = Field(
        default=None, description="WebAuthn assertion over the payment's digest (docs/wallet.md)."
    )


class PaymentPublic(BaseModel):
    """A payment as both sides see it."""

    id: str
    merchant_id: str
    units: int
    label: str
    state: str
    refunded_units: int
    waiting_code: str | None
    expires_at: datetime
    accepted_at: datetime | None
    confirmed_at: datetime | None


class RefundCreate(BaseModel):
    """Points that a till gives back."""

    key: str = Field(
        min_length=16, max_length=64, description="Made by the till; asking twice is once."
    )
    units: int = Field(description="At most what is left of the payment.")
    reason: str = Field(default="", max_length=80, description="For the receipts.")


class RefundPublic(BaseModel):
    """A refund as both sides see it."""

    id: str
    payment_id: str
    units: int
    reason: str
    state: str
    requested_at: datetime
    confirmed_at: datetime | None


@router.post("/payments", status_code=status.HTTP_201_CREATED, summary="Ask a customer for points")
def post_payment(
    body: PaymentCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> PaymentPublic:
    """Open a payment request; the customer confirms it within five minutes."""
    merchant = at_the_till.own_shop(session, actor, body.merchant_id)
    payment = pay_merchant.request(
        session,
        merchant_id=merchant.id,
        units=body.units,
        label=body.label,
        origin=Origin(taken_by=actor.account_id),
        at=clock.now(),
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
    body: PaymentAccept | None = None,
) -> PaymentPublic:
    """Set the points aside at once; repeating the call changes nothing."""
    proof = Proof(pin=body.pin, assertion=body.passkey) if body else NO_PROOF
    payment = pay_merchant.pay(
        session,
        payment_id=payment_id,
        account_id=actor.account_id,
        proof=proof,
        now=clock.now(),
    )
    return _payment(payment)


@router.post("/payments/{payment_id}/cancel", summary="Take a payment request back")
def post_cancel(
    payment_id: str,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> PaymentPublic:
    """Cancel a request that nobody has confirmed; a confirmed one stays."""
    payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    service.cancel(session, payment_id)
    session.refresh(payment)
    return _payment(payment)


@router.post(
    "/payments/{payment_id}/refunds",
    status_code=status.HTTP_201_CREATED,
    summary="Give points of a payment back",
)
def post_refund(
    payment_id: str,
    body: RefundCreate,
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.RUN_TILL)],
) -> RefundPublic:
    """Take the points out of the takings at once; the customer has them once mined."""
    payment, _ = at_the_till.own_payment(session, actor, payment_id, now=clock.now())
    refund = give_back_payment.give_back(
        session,
        payment,
        key=f"{payment_id}/{body.key}",
        units=body.units,
        reason=body.reason,
        asked_by=actor.account_id,
        now=clock.now(),
    )
    return RefundPublic.model_validate(refund, from_attributes=True)


@router.get("/payments/{payment_id}/refunds", summary="See the refunds of a payment")
def get_refunds(
    payment_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> list[RefundPublic]:
    """Return the refunds of a payment to its two sides, oldest first."""
    payment = queries.payment(session, payment_id)
    merchant = merchant_queries.merchant(session, payment.merchant_id) if payment else None
    owner = merchant.owner_account_id if merchant else None
    if payment is None or actor.account_id not in (payment.payer_account_id, owner):
        raise NotFoundError("payment", payment_id)
    rows = queries.refunds_of(session, [payment_id])
    return [RefundPublic.model_validate(row, from_attributes=True) for row in rows]


def _payment(payment: Payment) -> PaymentPublic:
    return PaymentPublic.model_validate(payment, from_attributes=True)
