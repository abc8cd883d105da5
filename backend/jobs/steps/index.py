"""Read every block in order, rewind on reorganisations, and find mints that are not ours."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import structlog

from backend.batches import queries
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.models import IndexedBlock, OrphanMint
from backend.chain.node import BlockHead, Log
from backend.db import event_log
from backend.jobs.context import Context

MAX_PER_STEP = 200

log = structlog.get_logger()


def index_blocks(context: Context) -> bool:
    """Read the blocks that came since the last step.

    Effects: indexed_block rows; orphan_mint rows and a staff event for each mint
    that no stored attempt explains (I-5).
    """
    head = context.node.head()
    with context.database.reading() as session:
        last = book_queries.last_indexed(session, context.genesis_hash)
    first = context.contracts.deployment.block_number if last is None else last.number + 1
    for number in range(first, min(head.number, first + MAX_PER_STEP - 1) + 1):
        block = context.node.block(number)
        if block is None:
            return False
        if last is not None and block.parent_hash != last.block_hash:
            _rewind(context, last)
            return True
        last = _read(context, block)
    if last is not None and head.number < last.number:
        return _rewind_if_gone(context, last)
    return head.number >= first


def _read(context: Context, block: BlockHead) -> IndexedBlock:
    logs = context.node.logs(block.hash, [context.contracts.address("EcoToken")])
    row = IndexedBlock(
        genesis_hash=context.genesis_hash,
        number=block.number,
        block_hash=block.hash,
        parent_hash=block.parent_hash,
    )
    now = context.clock.now()
    found = _foreign_mints(context, block, logs, now)
    with context.database.transaction() as session:
        # Asked again: an own transaction may have been signed between the two looks.
        orphans = [o for o in found if not queries.is_own_transaction(session, o.tx_hash)]
        books.store_block(session, row, orphans)
        for orphan in orphans:
            log.error("orphan_mint", tx_hash=orphan.tx_hash, units=orphan.units)
            event_log.append(
                session,
                kind="orphan_mint_found",
                subject=orphan.tx_hash,
                audience=event_log.STAFF,
                at=now,
                units=orphan.units,
            )
    return row


def _foreign_mints(
    context: Context, block: BlockHead, logs: Sequence[Log], now: datetime
) -> list[OrphanMint]:
    minted = context.contracts.mints(logs)
    with context.database.reading() as session:
        foreign = {h: u for h, u in minted.items() if not queries.is_own_transaction(session, h)}
    orphans = []
    for tx_hash, units in foreign.items():
        _, calldata = context.node.calldata_of(tx_hash)
        items = context.contracts.minted_items(logs, tx_hash, calldata)
        orphans.append(
            OrphanMint(
                tx_hash=tx_hash,
                genesis_hash=context.genesis_hash,
                block_number=block.number,
                units=units,
                items=[asdict(item) for item in items],
                found_at=now,
            )
        )
    return orphans


def _rewind_if_gone(context: Context, last: IndexedBlock) -> bool:
    found = context.node.block(last.number)
    if found is None or found.hash != last.block_hash:
        _rewind(context, last)
        return True
    return False


def _rewind(context: Context, last: IndexedBlock) -> None:
    number = last.number
    while number >= context.contracts.deployment.block_number:
        with context.database.reading() as session:
            row = session.get(IndexedBlock, (context.genesis_hash, number))
        found = context.node.block(number)
        if row is None or (found is not None and found.hash == row.block_hash):
            break
        number -= 1
    with context.database.transaction() as session:
        books.rewind(session, context.genesis_hash, above=number)
    log.warning("reorganisation", depth=last.number - number, above=number)
