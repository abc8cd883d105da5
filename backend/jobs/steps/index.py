"""Read every block in order, rewind on reorganisations, and find what is not ours in it."""

import structlog

from backend.batches import queries
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.models import IndexedBlock
from backend.books.rules import OrphanKind
from backend.chain.node import BlockHead
from backend.db import event_log
from backend.jobs import orphans
from backend.jobs.context import Context

MAX_PER_STEP = 200

log = structlog.get_logger()


def index_blocks(context: Context) -> bool:
    """Read the blocks that came since the last step.

    Effects: indexed_block rows; an orphan and a staff event for each transaction that made
    or moved points and that no stored attempt and no row explains (I-5).
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
    row = IndexedBlock(
        genesis_hash=context.genesis_hash,
        number=block.number,
        block_hash=block.hash,
        parent_hash=block.parent_hash,
    )
    found = orphans.find(context, block)
    with context.database.transaction() as session:
        # Asked again: an own transaction may have been signed between the two looks.
        strange = [o for o in found if not queries.is_own_transaction(session, o.tx_hash)]
        books.store_block(session, row, strange)
        for orphan in strange:
            event = "orphan_mint" if orphan.kind == OrphanKind.MINT else "orphan_movement"
            log.error(event, kind=orphan.kind, tx_hash=orphan.tx_hash, units=orphan.units)
            event_log.append(
                session,
                kind=f"{event}_found",
                subject=orphan.tx_hash,
                audience=event_log.STAFF,
                at=orphan.found_at,
                units=orphan.units,
            )
    return row


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
