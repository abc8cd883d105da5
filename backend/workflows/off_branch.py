"""Transactions whose block the chain no longer has."""

from collections.abc import Sequence

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from backend.batches.models import Batch
from backend.batches.rules import BatchState
from backend.books.models import IndexedBlock

HEAD_SLACK = 8
"""Blocks that the watcher may have seen before the indexer."""


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
