"""Holes in the row of nonces: until something is mined there, all later ones of the key wait.

A hole comes from a transaction that somebody saw in a pool and nobody mined, or from a
nonce that another transaction had taken on a branch that is gone. It is closed by a
payment of nothing to the key's own address.
"""

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby

import structlog

from backend.batches import queries, service
from backend.batches.models import Batch
from backend.batches.rules import FEE_CAP_WEI, BatchState, Fees, replacement_fees
from backend.jobs.context import Context
from backend.jobs.lineage import require_newest
from backend.jobs.reserve import fresh_fees

FILL_AFTER = timedelta(seconds=45)
"""Longer than a pool takes to show a transaction, and well within two minutes."""

log = structlog.get_logger()


def fill_gaps(context: Context) -> bool:
    """Close the holes below transactions that have waited for a while."""
    now = context.clock.now()
    with context.database.reading() as session:
        waiting = queries.in_state(
            session,
            context.genesis_hash,
            BatchState.RESERVED,
            BatchState.SIGNED,
            BatchState.SENT,
        )
    did_any = False
    for _, group in groupby(waiting, key=lambda batch: batch.sender):
        lowest = next(group)
        if lowest.created_at + FILL_AFTER <= now:
            require_newest(context)
            did_any = _fill_below(context, lowest) or did_any
    return did_any


def _fill_below(context: Context, batch: Batch) -> bool:
    first = context.node.mined_count(batch.sender)
    filled = fill(context, batch.key_label, range(first, batch.nonce))
    if filled:
        log.warning("nonce_gap_filled", key=batch.key_label, first=first, count=filled)
    return filled > 0


def fill(context: Context, key_label: str, nonces: Iterable[int]) -> int:
    """Reserve a payment of nothing at each of these nonces that no live batch holds.

    Returns:
        How many were reserved.
    """
    wanted = list(nonces)
    if not wanted:
        return 0
    sender = context.sender(key_label)
    base_fee_wei = context.node.base_fee_wei()
    # What the key signed there before must be outbid, or no node takes the filler.
    journalled = {
        entry.nonce: Fees(entry.max_fee_per_gas_wei, entry.max_priority_fee_per_gas_wei)
        for entry in context.wallet_for(key_label).journal(
            genesis_hash=context.genesis_hash, key=key_label, from_nonce=wanted[0]
        )
    }
    filled = 0
    for nonce in wanted:
        fees = fresh_fees(base_fee_wei)
        if last := journalled.get(nonce):
            fees = replacement_fees(last, base_fee_wei=base_fee_wei, cap_wei=FEE_CAP_WEI) or last
        with context.database.transaction() as session:
            filled += service.reserve_filler(
                session, sender=sender, nonce=nonce, fees=fees, at=context.clock.now()
            )
    return filled
