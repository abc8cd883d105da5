"""Writes of payments; each moves the ledger in the same transaction."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import queries
from backend.market.errors import PaymentAmountError, PaymentNotOpenError
from backend.market.models import Payment
from backend.market.rules import (
    MAX_PAYMENT_UNITS,
    PAYMENT_REQUEST_LIFE,
    PROOF_ATTEMPTS_MAX,
    RETRY_AFTER,
    PaymentState,
    PaymentWay,
)


def request_payment(
    session: Session,
    *,
    merchant_id: str,
    units: int,
    label: str,
    way: PaymentWay = PaymentWay.TILL,
    key: str | None = None,
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
        way=way,
        key=key,
        payment_ref="0x" + secrets.token_hex(32),
        salt="0x" + secrets.token_hex(32),
        requested_at=at,
        expires_at=at + PAYMENT_REQUEST_LIFE,
    )
    if key is not None:
        insert_or_skip(session, payment)
        return session.exec(select(Payment).where(col(Payment.key) == key)).one()
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
        reference=_acceptance(payment),
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


def expire_requests(session: Session, now: datetime) -> int:
    """Close lapsed requests; return how many."""
    done = session.execute(
        update(Payment)
        .where(col(Payment.state) == PaymentState.REQUESTED, col(Payment.expires_at) <= now)
        .values(state=PaymentState.EXPIRED)
        .returning(col(Payment.id))
    )
    return len(done.all())


def store_authorisation(
    session: Session, payment_id: str, *, nonce: str, authorisation: dict[str, Any]
) -> None:
    """Keep the signed spend of an accepted payment."""
    session.execute(
        update(Payment)
        .where(col(Payment.id) == payment_id, col(Payment.state) == PaymentState.ACCEPTED)
        .values(
            state=PaymentState.AUTHORISED,
            nonce=nonce,
            authorisation=authorisation,
            proof=None,
            waiting_code=None,
        )
    )


def reopen(session: Session, payment: Payment, *, refusal_code: str, at: datetime) -> bool:
    """Give a payment back to the citizen whose proof does not hold, to try again.

    Returns:
        False when it was closed or signed meanwhile; nothing moved.
    Effects: REQUESTED, or FAILED after PROOF_ATTEMPTS_MAX; in_flight → confirmed.
    """
    attempts = payment.proof_attempts + 1
    # Nobody scans a till's screen for a card's payment: the till starts it anew.
    is_over = attempts >= PROOF_ATTEMPTS_MAX or payment.way == PaymentWay.CARD
    done = session.execute(
        update(Payment)
        .where(
            col(Payment.id) == payment.id,
            col(Payment.state) == PaymentState.ACCEPTED,
            col(Payment.proof_attempts) == payment.proof_attempts,
        )
        .values(
            state=PaymentState.FAILED if is_over else PaymentState.REQUESTED,
            proof=None,
            is_proved=False,
            proof_attempts=attempts,
            accepted_at=None,
            waiting_code=refusal_code,
            refusal_code=refusal_code if is_over else None,
        )
        .returning(col(Payment.id))
    )
    if done.scalar_one_or_none() is None:
        return False
    payer = payment.payer_account_id or ""
    return ledger.move(
        session,
        reference=f"{_acceptance(payment)}/unproved",
        kind="payment_unproved",
        source=names.in_flight(payer),
        target=names.confirmed(payer),
        units=payment.units,
        at=at,
    )


def put_payments_in_batch(session: Session, payment_ids: Sequence[str], batch_id: str) -> int:
    """Tie authorised payments to a transaction; return how many were still free."""
    done = session.execute(
        update(Payment)
        .where(col(Payment.id).in_(payment_ids), col(Payment.state) == PaymentState.AUTHORISED)
        .values(state=PaymentState.BATCHED, batch_id=batch_id)
        .returning(col(Payment.id))
    )
    return len(done.all())


def return_payments_to_queue(session: Session, batch_id: str) -> None:
    """Free the payments of a transaction that did not make it; signatures stay good."""
    session.execute(
        update(Payment)
        .where(col(Payment.batch_id) == batch_id, col(Payment.state) == PaymentState.BATCHED)
        .values(state=PaymentState.AUTHORISED, batch_id=None)
    )


def keep_waiting(session: Session, payment: Payment, *, waiting_code: str, at: datetime) -> None:
    """Ask the desk again later for a payment that it may still take.

    Effects: back to AUTHORISED with a reason and a time; no points move.
    """
    session.execute(
        update(Payment)
        .where(col(Payment.id) == payment.id, col(Payment.state) == PaymentState.BATCHED)
        .values(
            state=PaymentState.AUTHORISED,
            batch_id=None,
            waiting_code=waiting_code,
            retry_at=at + RETRY_AFTER,
        )
    )


def settle_payment(
    session: Session, payment: Payment, *, refusal_code: str | None, at: datetime
) -> None:
    """Close a payment as the chain decided.

    Effects: CONFIRMED and in_flight → takings, or FAILED and in_flight → confirmed.
    """
    is_spent = refusal_code is None
    payer = payment.payer_account_id or ""
    target = PaymentState.CONFIRMED if is_spent else PaymentState.FAILED
    if not _close(session, payment, PaymentState.BATCHED, target, refusal_code, at):
        return
    ledger.move(
        session,
        reference=f"payment/{payment.id}/settled",
        kind="payment_confirmed" if is_spent else "payment_failed",
        source=names.in_flight(payer),
        target=names.takings(payment.merchant_id) if is_spent else names.confirmed(payer),
        units=payment.units,
        at=at,
    )


def spend_again(session: Session, payment_ids: Collection[str]) -> None:
    """Hand confirmed payments to the chain once more; the same authorisation counts once.

    Effects: CONFIRMED → AUTHORISED; the ledger keeps what it says.
    """
    session.execute(
        update(Payment)
        .where(col(Payment.id).in_(payment_ids), col(Payment.state) == PaymentState.CONFIRMED)
        .values(state=PaymentState.AUTHORISED, batch_id=None)
    )


def refuse_payment(session: Session, payment: Payment, *, refusal_code: str, at: datetime) -> bool:
    """Close an accepted payment that the wallet service will not sign.

    Returns:
        False when it was closed or signed meanwhile; nothing moved.
    Effects: FAILED and in_flight → confirmed.
    """
    if not _close(session, payment, PaymentState.ACCEPTED, PaymentState.FAILED, refusal_code, at):
        return False
    payer = payment.payer_account_id or ""
    return ledger.move(
        session,
        reference=f"payment/{payment.id}/settled",
        kind="payment_failed",
        source=names.in_flight(payer),
        target=names.confirmed(payer),
        units=payment.units,
        at=at,
    )


def move_to_account(session: Session, *, source_id: str, target_id: str) -> None:
    """Hand the payments of a merged account to the one that keeps them."""
    session.execute(
        update(Payment)
        .where(col(Payment.payer_account_id) == source_id)
        .values(payer_account_id=target_id)
    )


def _acceptance(payment: Payment) -> str:
    attempt = f"/{payment.proof_attempts}" if payment.proof_attempts else ""
    return f"payment/{payment.id}/accepted{attempt}"


def _close(
    session: Session,
    payment: Payment,
    source: PaymentState,
    target: PaymentState,
    refusal_code: str | None,
    at: datetime,
) -> bool:
    done = session.execute(
        update(Payment)
        .where(col(Payment.id) == payment.id, col(Payment.state) == source)
        .values(state=target, refusal_code=refusal_code, confirmed_at=at)
        .returning(col(Payment.id))
    )
    return done.scalar_one_or_none() is not None


def _fresh(session: Session, payment_id: str) -> Payment:
    statement = select(Payment).where(col(Payment.id) == payment_id)
    payment = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if payment is None:
        raise NotFoundError("payment", payment_id)
    return payment
