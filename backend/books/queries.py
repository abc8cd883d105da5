"""Reads of what the chain was seen to hold."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.books.models import IndexedBlock, OrphanMint, Restoration


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


def all_open_orphans(session: Session) -> Sequence[OrphanMint]:
    """Return mints that nobody has explained yet, on any chain, oldest first."""
    statement = select(OrphanMint).where(col(OrphanMint.adopted_at).is_(None))
    return session.exec(statement.order_by(col(OrphanMint.block_number))).all()
