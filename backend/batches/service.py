"""Writes of the sending pipeline: every state change is one guarded update."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from backend.batches.models import Attempt, Batch
from backend.batches.rules import BatchKind, BatchState, Fees, sources_of
from backend.db.upsert import insert_or_skip


@dataclass(frozen=True)
class Sender:
    """A key of the wallet service on one chain."""

    genesis_hash: str
    chain_id: int
    key_label: str
    address: str


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


def store_replacement(
    session: Session, batch_id: str, *, raw: str, tx_hash: str, fees: Fees, at: datetime
) -> None:
    """Write the bytes of a replacement ahead of sending them; the older ones stay valid."""
    row = Attempt(
        batch_id=batch_id,
        raw=raw,
        tx_hash=tx_hash,
        max_fee_per_gas_wei=fees.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=fees.max_priority_fee_per_gas_wei,
        created_at=at,
    )
    insert_or_skip(session, row)
    send_again(session, batch_id)


FILLER_GAS = 21_000
"""Gas of a transfer without data."""


def turn_into_filler(session: Session, batch_id: str, *, error: str) -> bool:
    """Make a batch that nobody will sign a payment of nothing to its own sender.

    Its nonce is given out already; without a transaction there, all later ones of
    the key would wait for ever. Only a RESERVED batch can turn: no signature of the
    old content exists. The caller frees its items in the same transaction.

    Returns:
        False when it is no longer RESERVED.
    """
    done = session.execute(
        update(Batch)
        .where(col(Batch.id) == batch_id, col(Batch.state) == BatchState.RESERVED)
        .values(
            kind=BatchKind.GAP_FILLER,
            to_address=Batch.sender,
            calldata="0x",
            gas=FILLER_GAS,
            item_count=0,
            edition_number=None,
            last_error=error[:500],
        )
        .returning(col(Batch.id))
    )
    return done.scalar_one_or_none() is not None


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


def note_block(
    session: Session, batch_id: str, *, block_number: int | None, block_hash: str | None
) -> None:
    """Record that a mined transaction lies in another block now, or in none that is known."""
    session.execute(
        update(Batch)
        .where(col(Batch.id) == batch_id)
        .values(block_number=block_number, block_hash=block_hash)
    )


def send_again(session: Session, batch_id: str) -> None:
    """Make the sender give the bytes to the node at once."""
    session.execute(update(Batch).where(col(Batch.id) == batch_id).values(sent_at=None))


def note_error(session: Session, batch_id: str, error: str, *, tried_at: datetime) -> None:
    """Remember what a refused try said, and when; the state stays."""
    session.execute(
        update(Batch)
        .where(col(Batch.id) == batch_id)
        .values(last_error=error[:500], sent_at=tried_at)
    )


def reserve_filler(
    session: Session, *, sender: Sender, nonce: int, fees: Fees, at: datetime
) -> bool:
    """Reserve a payment of nothing at a nonce that no live batch holds.

    Either no row has it (it was signed for and lost with a database, or only seen in a
    pool), or the row of a batch whose items are elsewhere: REPLACED by a transaction, or
    REVERTED in a block, that is gone since.

    Returns:
        False when a batch holds the nonce.
    """
    filler = Batch(
        kind=BatchKind.GAP_FILLER,
        genesis_hash=sender.genesis_hash,
        chain_id=sender.chain_id,
        key_label=sender.key_label,
        sender=sender.address,
        nonce=nonce,
        to_address=sender.address,
        calldata="0x",
        gas=FILLER_GAS,
        max_fee_per_gas_wei=fees.max_fee_per_gas_wei,
        max_priority_fee_per_gas_wei=fees.max_priority_fee_per_gas_wei,
        item_count=0,
        created_at=at,
    )
    if insert_or_skip(session, filler) is not None:
        return True
    content = filler.model_dump(include=_FILLER_FIELDS)
    reopened = session.execute(
        update(Batch)
        .where(
            col(Batch.genesis_hash) == sender.genesis_hash,
            col(Batch.sender) == sender.address,
            col(Batch.nonce) == nonce,
            col(Batch.state).in_(sources_of(BatchState.RESERVED)),
        )
        .values(
            state=BatchState.RESERVED,
            edition_number=None,
            sent_at=None,
            tx_hash=None,
            block_number=None,
            block_hash=None,
            **content,
        )
        .returning(col(Batch.id))
    )
    return reopened.scalar_one_or_none() is not None


_FILLER_FIELDS = {
    "kind",
    "to_address",
    "calldata",
    "gas",
    "max_fee_per_gas_wei",
    "max_priority_fee_per_gas_wei",
    "item_count",
}
