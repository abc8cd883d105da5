"""Writes of the sending pipeline: every state change is one guarded update."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from backend.batches.models import Attempt, Batch, IndexedBlock, OrphanMint
from backend.batches.rules import BatchKind, BatchState, sources_of
from backend.db.upsert import insert_or_skip


@dataclass(frozen=True)
class Sender:
    """A key of the wallet service on one chain."""

    genesis_hash: str
    chain_id: int
    key_label: str
    address: str


@dataclass(frozen=True)
class Fees:
    """EIP-1559 fee caps, in wei per gas."""

    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


@dataclass(frozen=True)
class Call:
    """What a transaction does: a contract call with its gas limit."""

    kind: BatchKind
    to_address: str
    calldata: str
    gas: int
    item_count: int = 1
    edition_number: int | None = None


def reserve(
    session: Session, *, sender: Sender, call: Call, fees: Fees, chain_nonce: int, at: datetime
) -> Batch:
    """Fix nonce, calldata and fees of a new batch.

    The nonce is the first one that neither the chain nor a row has used; two
    runners that pick the same one meet the UNIQUE constraint and one rolls back.

    Args:
        chain_nonce: Transactions of the sender that the chain has mined or holds.
    """
    highest = session.exec(
        select(func.coalesce(func.max(Batch.nonce), -1)).where(
            col(Batch.genesis_hash) == sender.genesis_hash, col(Batch.sender) == sender.address
        )
    ).one()
    batch = Batch(
        kind=call.kind,
        genesis_hash=sender.genesis_hash,
        chain_id=sender.chain_id,
        key_label=sender.key_label,
        sender=sender.address,
        nonce=max(chain_nonce, highest + 1),
        to_address=call.to_address,
        calldata=call.calldata,
        gas=call.gas,
        max_fee_per_gas_wei=fees.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=fees.max_priority_fee_per_gas_wei,
        edition_number=call.edition_number,
        item_count=call.item_count,
        created_at=at,
    )
    session.add(batch)
    session.flush()
    return batch


def store_attempt(
    session: Session, batch: Batch, *, raw: str, tx_hash: str, fees: Fees, at: datetime
) -> None:
    """Write signed bytes ahead of sending them; a repeated signature is stored once."""
    attempt = Attempt(
        batch_id=batch.id,
        raw=raw,
        tx_hash=tx_hash,
        max_fee_per_gas_wei=fees.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=fees.max_priority_fee_per_gas_wei,
        created_at=at,
    )
    insert_or_skip(session, attempt)
    move(session, batch.id, BatchState.SIGNED)


def move(session: Session, batch_id: str, target: BatchState, **changes: str | int | None) -> bool:
    """Move a batch to `target` if the table of legal moves allows it from where it is.

    Returns:
        True when it moved, False when it stood elsewhere (another runner was
        faster, or the move is not legal from there).
    """
    moved = session.execute(
        update(Batch)
        .where(col(Batch.id) == batch_id, col(Batch.state).in_(sources_of(target)))
        .values(state=target, **changes)
        .returning(col(Batch.id))
    ).scalar_one_or_none()
    return moved is not None


def mark_sent(session: Session, batch_id: str, *, at: datetime) -> None:
    """Record that the node holds the bytes, for the first time or again."""
    session.execute(
        update(Batch)
        .where(
            col(Batch.id) == batch_id,
            col(Batch.state).in_((BatchState.SIGNED, BatchState.SENT)),
        )
        .values(state=BatchState.SENT, sent_at=at, last_error=None)
    )


def note_error(session: Session, batch_id: str, error: str, *, tried_at: datetime) -> None:
    """Remember what a refused try said, and when; the state stays."""
    session.execute(
        update(Batch)
        .where(col(Batch.id) == batch_id)
        .values(last_error=error[:500], sent_at=tried_at)
    )


KEPT_BLOCKS = 512
"""How far below the head block hashes are kept: eight times the deepest reorganisation tested."""


def store_block(session: Session, block: IndexedBlock, orphans: Sequence[OrphanMint]) -> None:
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
