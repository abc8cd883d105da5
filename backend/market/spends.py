"""Writes of accepted payments on their way to the chain; each moves the ledger with them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session, col

from backend.db import states
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market.models import Payment
from backend.market.rules import (
    PROOF_ATTEMPTS_MAX,
    RETRY_AFTER,
    PaymentState,
    PaymentWay,
    acceptance,
)


def store_authorisation(
    session: Session, payment_id: str, *, nonce: str, authorisation: dict[str, Any]
) -> None:
    """Keep the signed spend of an accepted payment."""
    states.move(
        session,
        Payment,
        col(Payment.id) == payment_id,
        source=PaymentState.ACCEPTED,
        target=PaymentState.AUTHORISED,
        nonce=nonce,
        authorisation=authorisation,
        proof=None,
        waiting_code=None,
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
    is_mine = states.move(
        session,
        Payment,
        and_(
            col(Payment.id) == payment.id,
            col(Payment.proof_attempts) == payment.proof_attempts,
        ),
        source=PaymentState.ACCEPTED,
        target=PaymentState.FAILED if is_over else PaymentState.REQUESTED,
        proof=None,
        is_proved=False,
        proof_attempts=attempts,
        accepted_at=None,
        waiting_code=refusal_code,
        refusal_code=refusal_code if is_over else None,
    )
    if not is_mine:
        return False
    payer = payment.payer_account_id or ""
    return ledger.move(
        session,
        reference=f"{acceptance(payment.id, payment.proof_attempts)}/unproved",
        kind="payment_unproved",
        source=names.in_flight(payer),
        target=names.confirmed(payer),
        units=payment.units,
        at=at,
    )


def put_in_batch(session: Session, payment_ids: Sequence[str], batch_id: str) -> int:
    """Tie authorised payments to a transaction; return how many were still free."""
    moved = states.move(
        session,
        Payment,
        col(Payment.id).in_(payment_ids),
        source=PaymentState.AUTHORISED,
        target=PaymentState.BATCHED,
        batch_id=batch_id,
    )
    return len(moved)


def return_to_queue(session: Session, batch_id: str) -> None:
    """Free the payments of a transaction that did not make it; signatures stay good."""
    states.move(
        session,
        Payment,
        col(Payment.batch_id) == batch_id,
        source=PaymentState.BATCHED,
        target=PaymentState.AUTHORISED,
        batch_id=None,
    )


def keep_waiting(session: Session, payment: Payment, *, waiting_code: str, at: datetime) -> None:
    """Ask the desk again later for a payment that it may still take.

    Effects: back to AUTHORISED with a reason and a time; no points move.
    """
    states.move(
        session,
        Payment,
        col(Payment.id) == payment.id,
        source=PaymentState.BATCHED,
        target=PaymentState.AUTHORISED,
        batch_id=None,
        waiting_code=waiting_code,
        retry_at=at + RETRY_AFTER,
    )


def settle(session: Session, payment: Payment, *, refusal_code: str | None, at: datetime) -> None:
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
    states.move(
        session,
        Payment,
        col(Payment.id).in_(payment_ids),
        source=PaymentState.CONFIRMED,
        target=PaymentState.AUTHORISED,
        batch_id=None,
    )


def give_back(
    session: Session, payment: Payment, *, source: PaymentState, refusal_code: str, at: datetime
) -> bool:
    """Close a payment that will never be taken: the wallet refused it, or it was called off.

    Args:
        source: Where it is believed to stand.
    Returns:
        False when it stood elsewhere; nothing moved.
    Effects: FAILED and in_flight → confirmed.
    """
    if not _close(session, payment, source, PaymentState.FAILED, refusal_code, at):
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


def _close(
    session: Session,
    payment: Payment,
    source: PaymentState,
    target: PaymentState,
    refusal_code: str | None,
    at: datetime,
) -> bool:
    moved = states.move(
        session,
        Payment,
        col(Payment.id) == payment.id,
        source=source,
        target=target,
        refusal_code=refusal_code,
        confirmed_at=at,
    )
    return bool(moved)
