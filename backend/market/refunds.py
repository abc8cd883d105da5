"""Writes of refunds; each moves the ledger in the same transaction."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal, update
from sqlmodel import Session, col, select

from backend.db import states
from backend.db.upsert import insert_or_skip
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.market.errors import (
    PaymentNotRefundableError,
    RefundTooLargeError,
    TakingsInsufficientError,
)
from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState


def request(
    session: Session,
    payment: Payment,
    *,
    key: str,
    units: int,
    reason: str,
    asked_by: str,
    at: datetime,
) -> Refund:
    """Give points of a confirmed payment back, all or a part.

    Args:
        key: Made by the till; asking again with it changes nothing.
        units: Points to give back.
        reason: For the receipts, at most 80 characters are kept.
        asked_by: Account at the till.
    Raises:
        PaymentNotRefundableError: Not confirmed on chain, or it failed.
        RefundTooLargeError: More than what is left, or nothing.
        TakingsInsufficientError: The takings were cashed out meanwhile.
    Effects: refund REQUESTED; payment.refunded_units; ledger takings → refunding.
    """
    refund = Refund(
        key=key,
        payment_id=payment.id,
        merchant_id=payment.merchant_id,
        units=max(units, 1),
        reason=reason[:80],
        asked_by=asked_by,
        refund_ref="0x" + secrets.token_hex(32),
        requested_at=at,
    )
    if insert_or_skip(session, refund) is None:
        return session.exec(select(Refund).where(col(Refund.key) == key)).one()
    _reserve(session, payment.id, units)
    takings_units = ledger_queries.balance(session, names.takings(payment.merchant_id))
    if takings_units < units:
        raise TakingsInsufficientError(takings_units)
    ledger.move(
        session,
        reference=f"refund/{refund.id}/requested",
        kind="refund_requested",
        source=names.takings(payment.merchant_id),
        target=names.refunding(payment.merchant_id),
        units=units,
        at=at,
    )
    return refund


def put_in_batch(session: Session, refund_ids: Sequence[str], batch_id: str) -> int:
    """Tie requested refunds to a transaction; return how many were still free."""
    moved = states.move(
        session,
        Refund,
        col(Refund.id).in_(refund_ids),
        source=RefundState.REQUESTED,
        target=RefundState.BATCHED,
        batch_id=batch_id,
    )
    return len(moved)


def return_to_queue(session: Session, batch_id: str) -> None:
    """Free the refunds of a transaction that did not make it; their references stay."""
    states.move(
        session,
        Refund,
        col(Refund.batch_id) == batch_id,
        source=RefundState.BATCHED,
        target=RefundState.REQUESTED,
        batch_id=None,
    )


def settle(
    session: Session,
    refund: Refund,
    *,
    payer: str,
    is_left_behind: bool = False,
    refusal_code: str | None,
    at: datetime,
) -> None:
    """Close a refund as the chain decided.

    Args:
        payer: Account that gets the points.
        is_left_behind: They arrive at an address that the payer has left since.
    Effects: CONFIRMED and refunding → confirmed, or FAILED and refunding → takings.
    """
    is_done = refusal_code is None
    closed = states.move(
        session,
        Refund,
        col(Refund.id) == refund.id,
        source=RefundState.BATCHED,
        target=RefundState.CONFIRMED if is_done else RefundState.FAILED,
        refusal_code=refusal_code,
        confirmed_at=at,
    )
    if not closed:
        return
    if not is_done:
        session.execute(
            update(Payment)
            .where(col(Payment.id) == refund.payment_id)
            .values(refunded_units=col(Payment.refunded_units) - refund.units)
        )
    ledger.move(
        session,
        reference=f"refund/{refund.id}/settled",
        kind="refund_confirmed" if is_done else "refund_failed",
        source=names.refunding(refund.merchant_id),
        target=_back_to(payer, is_left_behind) if is_done else names.takings(refund.merchant_id),
        units=refund.units,
        at=at,
    )


def _back_to(payer: str, is_left_behind: bool) -> str:  # noqa: FBT001 - a fact of the refund
    return names.moving(payer) if is_left_behind else names.confirmed(payer)


def _reserve(session: Session, payment_id: str, units: int) -> None:
    taken = session.execute(
        update(Payment)
        .where(
            literal(units > 0),
            col(Payment.id) == payment_id,
            col(Payment.state) == PaymentState.CONFIRMED,
            col(Payment.refunded_units) + units <= col(Payment.units),
        )
        .values(refunded_units=col(Payment.refunded_units) + units)
        .returning(col(Payment.id))
    ).scalar_one_or_none()
    if taken is not None:
        return
    statement = select(Payment).where(col(Payment.id) == payment_id)
    payment = session.exec(statement.execution_options(populate_existing=True)).one()
    if payment.state != PaymentState.CONFIRMED:
        raise PaymentNotRefundableError(payment.state)
    raise RefundTooLargeError(payment.units - payment.refunded_units)
