"""Writes of payments that are given up while they wait: cancelled on chain, then points back."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from backend.ledger import names
from backend.ledger import service as ledger
from backend.market.errors import PaymentNotWaitingError
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState


def give_up(session: Session, payment: Payment) -> None:
    """Stop a payment that the desk has put off; asking again changes nothing.

    Raises:
        PaymentNotWaitingError: It does not wait, or was settled once.
    Effects: AUTHORISED → CANCELLING; no points move before the chain has the cancellation.
    """
    done = session.execute(
        update(Payment)
        .where(
            col(Payment.id) == payment.id,
            col(Payment.state) == PaymentState.AUTHORISED,
            col(Payment.waiting_code).is_not(None),
            # A settled payment that a deep reorganisation re-opened is in the takings already.
            col(Payment.confirmed_at).is_(None),
        )
        .values(state=PaymentState.CANCELLING, retry_at=None, batch_id=None)
        .returning(col(Payment.id))
    )
    if done.scalar_one_or_none() is None and payment.state != PaymentState.CANCELLING:
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
    session.execute(
        update(Payment)
        .where(col(Payment.id) == payment_id, col(Payment.state) == PaymentState.CANCELLING)
        .values(
            state=PaymentState.AUTHORISED, batch_id=None, retry_at=None, waiting_code=waiting_code
        )
    )


def settle(session: Session, payment: Payment, *, at: datetime) -> bool:
    """Give the points back: the chain will never take this authorisation.

    Returns:
        False when it was settled before.
    Effects: CANCELLING → FAILED; ledger in_flight → confirmed.
    """
    done = session.execute(
        update(Payment)
        .where(col(Payment.id) == payment.id, col(Payment.state) == PaymentState.CANCELLING)
        .values(state=PaymentState.FAILED, refusal_code=CALLED_OFF, confirmed_at=at)
        .returning(col(Payment.id))
    )
    if done.scalar_one_or_none() is None:
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
