"""The sweep: confirmation is reversible, so what was final is looked at again."""

from functools import partial

import structlog

from backend.batches import service
from backend.batches.models import Batch
from backend.batches.rules import BatchState
from backend.chain.node import Mined
from backend.db import event_log
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.steps.fill import fill
from backend.workflows.off_branch import off_branch

log = structlog.get_logger()


def sweep_confirmed(context: Context) -> bool:
    """Re-open confirmed transactions whose block is no longer on the live branch.

    The indexer keeps the hash of every recent block; a batch that names another hash
    at its height (or a height that the chain no longer has) was dropped by a
    reorganisation. Its bytes are sent again; the token's bitmap lets each id count once.
    One that had reverted is not sent again, because its items are in other batches since:
    its nonce is filled, or those would wait behind it for ever.
    """
    with context.database.reading() as session:
        suspects = off_branch(session, context.genesis_hash)
    return each(suspects, partial(_look_again, context))


def _look_again(context: Context, batch: Batch) -> bool:
    mined = context.node.mined(batch.tx_hash or "")
    if batch.state == BatchState.REVERTED:
        return _look_at_reverted(context, batch, mined)
    with context.database.transaction() as session:
        if mined is not None and mined.is_success:
            service.note_block(
                session, batch.id, block_number=mined.block_number, block_hash=mined.block_hash
            )
            return True
        is_reopened = service.move(
            session,
            batch.id,
            BatchState.SENT,
            tx_hash=None,
            block_number=None,
            block_hash=None,
        )
        if is_reopened:
            service.send_again(session, batch.id)
            log.error("confirmed_batch_reopened", batch=batch.id, kind=batch.kind)
            event_log.append(
                session,
                kind="batch_reopened",
                subject=batch.id,
                audience=event_log.STAFF,
                at=context.clock.now(),
            )
        return is_reopened


def _look_at_reverted(context: Context, batch: Batch, mined: Mined | None) -> bool:
    if mined is None and context.node.mined_count(batch.sender) <= batch.nonce:
        return fill(context, batch.key_label, [batch.nonce]) > 0
    with context.database.transaction() as session:
        service.note_block(
            session,
            batch.id,
            block_number=mined.block_number if mined else None,
            block_hash=mined.block_hash if mined else None,
        )
    return True
