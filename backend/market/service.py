"""Writes of payments; each moves the ledger in the same transaction."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from backend.db import states
from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import queries
from backend.market.errors import PaymentAmountError, PaymentNotOpenError
from backend.market.models import Payment
from backend.market.rules import (
    FROM_NOBODY,
    MAX_PAYMENT_UNITS,
    PAYMENT_REQUEST_LIFE,
    Origin,
    PaymentState,
    acceptance,
)
from backend.market.typed import OWN_WALLET


def request_payment(
    session: Session,
    *,
    merchant_id: str,
    units: int,
    label: str,
    origin: Origin = FROM_NOBODY,
    at: datetime,
) -> Payment:
    """Open a payment request at the till of a merchant that may take points.

    Raises:
        PaymentAmountError: The amount is not between 1 and MAX_PAYMENT_UNITS.
    """
    if not 0 < units <= MAX_PAYMENT_UNITS:
        raise PaymentAmountError(MAX_PAYMENT_UNITS)
    payment = Payment(
        merchant_id=merchant_id,
        units=units,
        label=label[:80],
        way=origin.way,
        key=origin.key,
        taken_by=origin.taken_by,
        payment_ref="0x" + secrets.token_hex(32),
        salt="0x" + secrets.token_hex(32),
        requested_at=at,
        expires_at=at + PAYMENT_REQUEST_LIFE,
    )
    if origin.key is not None:
        insert_or_skip(session, payment)
        return session.exec(select(Payment).where(col(Payment.key) == origin.key)).one()
    session.add(payment)
    session.flush()
    return payment


def accept(
    session: Session,
    *,
    payment_id: str,
    payer_account_id: str,
    payer_address: str,
    proof: dict[str, Any] | None = None,
    at: datetime,
) -> Payment:
    """Set the points of a confirmed payment aside; the same payer may repeat it.

    Args:
        proof: The citizen's sealed PIN or passkey answer, for the wallet service to verify.
    Raises:
        NotFoundError: No such payment.
        PaymentNotOpenError: Answered by somebody else, taken back or lapsed.
        UnitsInsufficientError: The balance is too small; nothing moved.
    Effects: payment ACCEPTED; ledger confirmed → in_flight.
    """
    taken = session.execute(
        update(Payment)
        .where(
            col(Payment.id) == payment_id,
            col(Payment.state) == PaymentState.REQUESTED,
            col(Payment.expires_at) > at,
        )
        .values(
            state=PaymentState.ACCEPTED,
            payer_account_id=payer_account_id,
            payer_address=payer_address,
            proof=proof,
            is_proved=proof is not None,
            is_own_wallet=proof is not None and proof.get("kind") == OWN_WALLET,
            accepted_at=at,
        )
        .returning(col(Payment.id))
    ).scalar_one_or_none()
    payment = _fresh(session, payment_id)
    if taken is None:
        is_repeat = payment.payer_account_id == payer_account_id and payment.state in queries.SOLD
        if is_repeat:
            return payment
        is_lapsed = payment.state == PaymentState.REQUESTED
        raise PaymentNotOpenError(PaymentState.EXPIRED if is_lapsed else payment.state)
    ledger.move(
        session,
        reference=acceptance(payment.id, payment.proof_attempts),
        kind="payment_accepted",
        source=names.confirmed(payer_account_id),
        target=names.in_flight(payer_account_id),
        units=payment.units,
        at=at,
    )
    return payment


def cancel(session: Session, payment_id: str) -> bool:
    """Take back a request that nobody has confirmed; False when it is too late."""
    done = session.execute(
        update(Payment)
        .where(col(Payment.id) == payment_id, col(Payment.state) == PaymentState.REQUESTED)
        .values(state=PaymentState.CANCELLED)
        .returning(col(Payment.id))
    )
    return done.scalar_one_or_none() is not None


def refuse(
    session: Session,
    payment_id: str,
    *,
    payer_account_id: str,
    payer_address: str | None,
    refusal_code: str,
) -> None:
    """Close a request that its payer had signed before it reached us and that cannot be paid.

    Effects: REQUESTED → FAILED under the payer's name; no points move.
    """
    states.move(
        session,
        Payment,
        col(Payment.id) == payment_id,
        source=PaymentState.REQUESTED,
        target=PaymentState.FAILED,
        payer_account_id=payer_account_id,
        payer_address=payer_address,
        refusal_code=refusal_code,
    )


def expire_requests(session: Session, now: datetime) -> int:
    """Close lapsed requests; return how many."""
    done = session.execute(
        update(Payment)
        .where(col(Payment.state) == PaymentState.REQUESTED, col(Payment.expires_at) <= now)
        .values(state=PaymentState.EXPIRED)
        .returning(col(Payment.id))
    )
    return len(done.all())


def move_to_account(session: Session, *, source_id: str, target_id: str) -> None:
    """Hand the payments of a merged account to the one that keeps them."""
    session.execute(
        update(Payment)
        .where(col(Payment.payer_account_id) == source_id)
        .values(payer_account_id=target_id)
    )


def _fresh(session: Session, payment_id: str) -> Payment:
    statement = select(Payment).where(col(Payment.id) == payment_id)
    payment = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if payment is None:
        raise NotFoundError("payment", payment_id)
    return payment
