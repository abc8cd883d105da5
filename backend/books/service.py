"""Writes of what the chain was seen to hold."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from backend.books.errors import AdoptionNeedsTwoError
from backend.books.models import IndexedBlock, Orphan, Restoration
from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError

KEPT_BLOCKS = 512
"""How far below the head block hashes are kept: eight times the deepest reorganisation tested."""


def store_block(session: Session, block: IndexedBlock, orphans: Sequence[Orphan]) -> None:
    """Record that a block was read, with what was found wrong in it."""
    session.merge(block)
    for orphan in orphans:
        insert_or_skip(session, orphan)
    session.execute(
        delete(IndexedBlock).where(
            col(IndexedBlock.genesis_hash) == block.genesis_hash,
            col(IndexedBlock.number) <= block.number - KEPT_BLOCKS,
        )
    )
    session.flush()


def rewind(session: Session, genesis_hash: str, *, above: int) -> None:
    """Forget blocks above a number, because the chain has other ones there now."""
    session.execute(
        delete(IndexedBlock).where(
            col(IndexedBlock.genesis_hash) == genesis_hash, col(IndexedBlock.number) > above
        )
    )
    # What is still there after the rewind will be met again.
    session.execute(
        delete(Orphan).where(
            col(Orphan.genesis_hash) == genesis_hash,
            col(Orphan.block_number) > above,
            col(Orphan.adopted_at).is_(None),
        )
    )


def propose_adoption(session: Session, tx_hash: str, *, by: str) -> None:
    """Record the first of two people who vouch for an orphan.

    Raises:
        NotFoundError: No such orphan waits.
    """
    orphan = _waiting_orphan(session, tx_hash)
    if orphan.proposed_by is None:
        orphan.proposed_by = by
        session.add(orphan)
        session.flush()


def adopt(session: Session, tx_hash: str, *, by: str, at: datetime) -> Orphan:
    """Record the second person; the caller books it in the same transaction.

    Raises:
        NotFoundError: No such orphan waits.
        AdoptionNeedsTwoError: Nobody proposed it, or the same person did.
    """
    orphan = _waiting_orphan(session, tx_hash)
    if orphan.proposed_by is None or orphan.proposed_by == by:
        raise AdoptionNeedsTwoError(tx_hash)
    orphan.adopted_by, orphan.adopted_at = by, at
    session.add(orphan)
    session.flush()
    return orphan


def _waiting_orphan(session: Session, tx_hash: str) -> Orphan:
    statement = select(Orphan).where(
        col(Orphan.tx_hash) == tx_hash, col(Orphan.adopted_at).is_(None)
    )
    orphan = session.exec(statement.with_for_update()).one_or_none()
    if orphan is None:
        raise NotFoundError("orphan", tx_hash)
    return orphan


def begin_restoration(session: Session, *, backup_taken_at: datetime, at: datetime) -> None:
    """Record that this database was restored; the jobs send nothing until the scan is done."""
    session.add(Restoration(backup_taken_at=backup_taken_at, restored_at=at))
    session.flush()


def finish_restoration(
    session: Session, restoration_id: str, *, found_consumed: int, burned_nonces: int, at: datetime
) -> None:
    """Record that chain and journal were scanned; sending may go on."""
    session.execute(
        update(Restoration)
        .where(col(Restoration.id) == restoration_id)
        .values(finished_at=at, found_consumed=found_consumed, burned_nonces=burned_nonces)
    )
