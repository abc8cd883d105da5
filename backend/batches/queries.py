"""Reads of the sending pipeline."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from backend.batches.models import Attempt, Batch, IndexedBlock, OrphanMint, Restoration
from backend.batches.rules import BatchKind, BatchState

HEAD_SLACK = 8
"""Blocks that the watcher may have seen before the indexer."""


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


def last_indexed(session: Session, genesis_hash: str) -> IndexedBlock | None:
    """Return the highest block that the indexer has read."""
    statement = (
        select(IndexedBlock)
        .where(col(IndexedBlock.genesis_hash) == genesis_hash)
        .order_by(col(IndexedBlock.number).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def open_orphans(session: Session, genesis_hash: str) -> Sequence[OrphanMint]:
    """Return mints that nobody has explained yet."""
    statement = select(OrphanMint).where(
        col(OrphanMint.genesis_hash) == genesis_hash, col(OrphanMint.adopted_at).is_(None)
    )
    return session.exec(statement).all()


def off_branch(session: Session, genesis_hash: str, *, limit: int = 200) -> Sequence[Batch]:
    """Return mined or confirmed batches whose block is not on the branch that was indexed.

    Blocks that the indexer has not reached yet accuse nobody, nor do those below the
    hashes it keeps.
    """
    highest = (
        select(func.max(IndexedBlock.number))
        .where(col(IndexedBlock.genesis_hash) == genesis_hash)
        .scalar_subquery()
    )
    statement = (
        select(Batch)
        .join(
            IndexedBlock,
            and_(
                col(IndexedBlock.genesis_hash) == col(Batch.genesis_hash),
                col(IndexedBlock.number) == col(Batch.block_number),
            ),
            isouter=True,
        )
        .where(
            col(Batch.genesis_hash) == genesis_hash,
            col(Batch.state).in_((BatchState.MINED, BatchState.CONFIRMED, BatchState.REVERTED)),
            or_(
                col(IndexedBlock.block_hash) != col(Batch.block_hash),
                col(Batch.block_number) > highest + HEAD_SLACK,
            ),
        )
        .order_by(col(Batch.block_number))
        .limit(limit)
    )
    return session.exec(statement).all()


def open_restoration(session: Session) -> Restoration | None:
    """Return the restore that is not finished yet."""
    statement = select(Restoration).where(col(Restoration.finished_at).is_(None)).limit(1)
    return session.exec(statement).one_or_none()


def is_in_lost_time(session: Session, instant: datetime) -> bool:
    """Tell whether an instant lies between a backup and the restore from it."""
    statement = select(Restoration.id).where(
        col(Restoration.backup_taken_at) <= instant, col(Restoration.restored_at) >= instant
    )
    return session.exec(statement.limit(1)).one_or_none() is not None


def nonces_of(session: Session, genesis_hash: str, sender: str) -> set[int]:
    """Return the nonces of a sender that batches hold."""
    statement = select(Batch.nonce).where(
        col(Batch.genesis_hash) == genesis_hash, col(Batch.sender) == sender
    )
    return set(session.exec(statement).all())


def all_open_orphans(session: Session) -> Sequence[OrphanMint]:
    """Return mints that nobody has explained yet, on any chain, oldest first."""
    statement = select(OrphanMint).where(col(OrphanMint.adopted_at).is_(None))
    return session.exec(statement.order_by(col(OrphanMint.block_number))).all()


def count_by_state(session: Session) -> dict[str, int]:
    """Return how many batches stand in each state."""
    statement = select(Batch.state, func.count()).group_by(col(Batch.state))
    return dict(session.exec(statement).all())
