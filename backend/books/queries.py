"""Reads of what the chain was seen to hold."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from backend.books.models import IndexedBlock, Orphan, Restoration
from backend.books.rules import OrphanKind


def last_indexed(session: Session, genesis_hash: str) -> IndexedBlock | None:
    """Return the highest block that the indexer has read."""
    statement = (
        select(IndexedBlock)
        .where(col(IndexedBlock.genesis_hash) == genesis_hash)
        .order_by(col(IndexedBlock.number).desc())
        .limit(1)
    )
    return session.exec(statement).one_or_none()


def unexplained_mints(session: Session, genesis_hash: str) -> Sequence[Orphan]:
    """Return mints that nobody has explained yet."""
    statement = select(Orphan).where(
        col(Orphan.genesis_hash) == genesis_hash,
        col(Orphan.kind) == OrphanKind.MINT,
        col(Orphan.adopted_at).is_(None),
    )
    return session.exec(statement).all()


def open_restoration(session: Session) -> Restoration | None:
    """Return the restore that is not finished yet."""
    statement = select(Restoration).where(col(Restoration.finished_at).is_(None)).limit(1)
    return session.exec(statement).one_or_none()


def is_in_lost_time(session: Session, instant: datetime) -> bool:
    """Tell whether an instant lies after a backup and before the restore from it."""
    statement = select(Restoration.id).where(
        col(Restoration.backup_taken_at) < instant, col(Restoration.restored_at) >= instant
    )
    return session.exec(statement.limit(1)).one_or_none() is not None


def open_orphans(session: Session) -> Sequence[Orphan]:
    """Return what nobody has explained yet, on any chain, in the order of the chain."""
    statement = select(Orphan).where(col(Orphan.adopted_at).is_(None))
    return session.exec(statement.order_by(col(Orphan.block_number), col(Orphan.tx_hash))).all()


def last_restored_at(session: Session) -> datetime | None:
    """Return when this database was last loaded from a backup, `None` when it never was."""
    return session.exec(select(func.max(Restoration.restored_at))).one()
