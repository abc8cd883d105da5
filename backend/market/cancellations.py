"""Writes of payments that are given up while they wait: cancelled on chain, then points back."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, update
from sqlmodel import Session, col

from backend.db import states
from backend.market import spends
from backend.market.errors import PaymentNotWaitingError
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState


def give_up(session: Session, payment: Payment) -> None:
    """Stop a payment that the desk has put off; asking again changes nothing.

    Raises:
        PaymentNotWaitingError: It does not wait, or was settled once.
    Effects: AUTHORISED → CANCELLING; no points move before the chain has the cancellation.
    """
    stopped = states.move(
        session,
        Payment,
        and_(
            col(Payment.id) == payment.id,
            col(Payment.waiting_code).is_not(None),
            # A settled payment that a deep reorganisation re-opened is in the takings already.
            col(Payment.confirmed_at).is_(None),
        ),
        source=PaymentState.AUTHORISED,
        target=PaymentState.CANCELLING,
        retry_at=None,
        batch_id=None,
    )
    if not stopped and payment.state != PaymentState.CANCELLING:
        raise PaymentNotWaitingError(payment.state)


def store_signature(
    session: Session, payment_id: str, signature: dict[str, Any], *, at: datetime
) -> None:
    """Keep the payer's signature that ends the authorisation, ahead of any sending."""
    session.execute(
        update(Payment)
        .where(col(Payment.id) == payment_id, col(Payment.state) == PaymentState.CANCELLING)
        .values(cancellation=signature, cancel_signed_at=at)
    )


def put_in_batch(session: Session, payment_id: str, batch_id: str) -> bool:
    """Tie a cancellation to its transaction; False when another runner was faster."""
    done = session.execute(
        update(Payment)
        .where(
            col(Payment.id) == payment_id,
            col(Payment.state) == PaymentState.CANCELLING,
            col(Payment.batch_id).is_(None),
        )
        .values(batch_id=batch_id)
        .returning(col(Payment.id))
    )
    return done.scalar_one_or_none() is not None


def return_to_queue(session: Session, batch_id: str) -> None:
    """Free the cancellation of a transaction that did not make it; its signature stays good."""
    session.execute(
        update(Payment)
        .where(col(Payment.batch_id) == batch_id, col(Payment.state) == PaymentState.CANCELLING)
        .values(batch_id=None)
    )


def take_up_again(session: Session, payment_id: str, *, waiting_code: str) -> None:
    """Hand a payment to the desk again that cannot be cancelled: it was used, or cancelled before.

    The desk's answer, once final, says which of the two, and decides where the points go.

    Effects: CANCELLING → AUTHORISED, due at once.
    """
    states.move(
        session,
        Payment,
        col(Payment.id) == payment_id,
        source=PaymentState.CANCELLING,
        target=PaymentState.AUTHORISED,
        batch_id=None,
        retry_at=None,
        waiting_code=waiting_code,
    )


def settle(session: Session, payment: Payment, *, at: datetime) -> bool:
    """Give the points back: the chain will never take this authorisation.

    Returns:
        False when it was settled before.
    Effects: CANCELLING → FAILED; ledger in_flight → confirmed.
    """
    return spends.give_back(
        session, payment, source=PaymentState.CANCELLING, refusal_code=CALLED_OFF, at=at
    )
