"""Reads of the sending pipeline."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.batches.models import Attempt, Batch
from backend.batches.rules import BatchKind, BatchState


def in_state(
    session: Session, genesis_hash: str, *states: BatchState, limit: int = 100
) -> Sequence[Batch]:
    """Return batches of one chain in the given states, oldest nonce first."""
    statement = (
        select(Batch)
        .where(col(Batch.genesis_hash) == genesis_hash, col(Batch.state).in_(states))
        .order_by(col(Batch.sender), col(Batch.nonce))
        .limit(limit)
    )
    return session.exec(statement).all()


def attempts_of(session: Session, batch_id: str) -> Sequence[Attempt]:
    """Return the signed bytes of a batch, newest first."""
    statement = select(Attempt).where(col(Attempt.batch_id) == batch_id)
    return session.exec(statement.order_by(col(Attempt.id).desc())).all()


def get(session: Session, batch_id: str) -> Batch | None:
    """Return one batch."""
    return session.get(Batch, batch_id)


def count_open(session: Session, genesis_hash: str, kind: BatchKind) -> int:
    """Return how many batches of a kind are not yet confirmed or closed."""
    closed = (BatchState.CONFIRMED, BatchState.REVERTED, BatchState.REPLACED)
    statement = select(func.count()).where(
        col(Batch.genesis_hash) == genesis_hash,
        col(Batch.kind) == kind,
        col(Batch.state).not_in(closed),
    )
    return session.exec(statement).one()


def is_own_transaction(session: Session, tx_hash: str) -> bool:
    """Tell whether a transaction is one that we signed."""
    statement = select(Attempt.id).where(col(Attempt.tx_hash) == tx_hash)
    return session.exec(statement).one_or_none() is not None


def nonces_of(session: Session, genesis_hash: str, sender: str) -> set[int]:
    """Return the nonces of a sender that batches hold."""
    statement = select(Batch.nonce).where(
        col(Batch.genesis_hash) == genesis_hash, col(Batch.sender) == sender
    )
    return set(session.exec(statement).all())


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many batches stand in each state."""
    statement = select(Batch.state, func.count()).group_by(col(Batch.state))
    return dict(session.exec(statement).all())
