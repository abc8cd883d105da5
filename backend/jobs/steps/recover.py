"""After a restore: learn from chain and journal what happened since the backup, then send again.

The order matters. First the rewards that the chain minted since are confirmed, then the
nonces that the wallet service signed for and this database forgot are filled, then open
batches whose nonce was used are given back. Only then may anything new be sent, under
the incarnation that the chain hands out next.
"""

import structlog

from backend.batches import queries
from backend.batches.models import Batch
from backend.batches.rules import BatchState
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.models import Restoration
from backend.chain.node import BlockHead
from backend.jobs.context import Context
from backend.jobs.steps.fill import fill
from backend.workflows import recover_rewards
from backend.workflows.settle_batch import give_back

log = structlog.get_logger()


def recover_after_restore(context: Context) -> bool:
    """Finish a restore once the indexer has read the chain up to its head.

    Returns:
        True when the restore was finished by this run.
    """
    with context.database.reading() as session:
        restoration = book_queries.open_restoration(session)
        last = book_queries.last_indexed(session, context.genesis_hash)
    head = context.node.head()
    if restoration is None or last is None or last.number < head.number:
        return False
    final = context.node.block(max(head.number - context.confirmations_min + 1, 0))
    if final is None:
        return False
    found = _confirm_consumed(context, final)
    burned = sum(_burn_nonces(context, label) for label in context.key_addresses)
    _give_back_overtaken(context)
    _finish(context, restoration, head, found, burned)
    return True


def _confirm_consumed(context: Context, final: BlockHead) -> int:
    token = context.contracts.address("EcoToken")
    with context.database.reading() as session:
        candidates = recover_rewards.unconfirmed(session)
    found = 0
    for reward_id in candidates:
        calldata = context.contracts.is_consumed(reward_id)
        answer = context.node.call(to_address=token, calldata=calldata, block_hash=final.hash)
        if any(answer):
            with context.database.transaction() as session:
                found += recover_rewards.confirm(session, reward_id, now=context.clock.now())
    return found


def _burn_nonces(context: Context, key_label: str) -> int:
    sender = context.sender(key_label)
    first = context.node.mined_count(sender.address)
    journalled = context.wallet_for(key_label).journal(
        genesis_hash=context.genesis_hash, key=key_label, from_nonce=first
    )
    with context.database.reading() as session:
        held = queries.nonces_of(session, context.genesis_hash, sender.address)
    return fill(context, key_label, [e.nonce for e in journalled if e.nonce not in held])


def _give_back_overtaken(context: Context) -> None:
    with context.database.reading() as session:
        reserved = queries.in_state(session, context.genesis_hash, BatchState.RESERVED)
    for batch in reserved:
        if _is_overtaken(context, batch):
            with context.database.transaction() as session:
                give_back(session, batch, BatchState.REPLACED, error="its nonce was used since")


def _is_overtaken(context: Context, batch: Batch) -> bool:
    return context.node.mined_count(batch.sender) > batch.nonce


def _finish(
    context: Context, restoration: Restoration, head: BlockHead, found: int, burned: int
) -> None:
    with context.database.transaction() as session:
        books.finish_restoration(
            session,
            restoration.id,
            found_consumed=found,
            burned_nonces=burned,
            at=context.clock.now(),
        )
    log.warning("restore_finished", found_consumed=found, burned=burned, head=head.number)
