"""Replacement of transactions that blocks leave out: same nonce, same calldata, higher fees."""

from datetime import timedelta
from functools import partial

from backend.batches import queries, service
from backend.batches.models import Attempt, Batch
from backend.batches.rules import FEE_CAP_WEI, BatchState, Fees, replacement_fees
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.signing import sign

REPLACE_AFTER = timedelta(seconds=60)
"""Several blocks on any chain we know; before that a replacement only costs money."""
MAX_ATTEMPTS = 30
"""30 bumps of 12.5 % are a factor of 34; more attempts mean that something else is wrong."""


def replace_stuck(context: Context) -> bool:
    """Bump the fees of transactions that have waited long for a block that wants more."""
    now = context.clock.now()
    with context.database.reading() as session:
        waiting = queries.in_state(
            session, context.genesis_hash, BatchState.SIGNED, BatchState.SENT
        )
        newest = {batch.id: queries.attempts_of(session, batch.id) for batch in waiting}
    stuck = [
        (batch, newest[batch.id])
        for batch in waiting
        if newest[batch.id][0].created_at + REPLACE_AFTER <= now
    ]
    if not stuck:
        return False
    base_fee_wei = context.node.base_fee_wei()
    return each(stuck, partial(_replace, context, base_fee_wei))


def _replace(context: Context, base_fee_wei: int, item: tuple[Batch, list[Attempt]]) -> bool:
    batch, attempts = item
    last = Fees(attempts[0].max_fee_per_gas_wei, attempts[0].max_priority_fee_per_gas_wei)
    pays_enough = last.max_fee_per_gas_wei >= base_fee_wei + last.max_priority_fee_per_gas_wei
    if pays_enough or len(attempts) >= MAX_ATTEMPTS:
        # It waits for another reason (a gap below it, a slow node): sending again is enough.
        return False
    fees = replacement_fees(last, base_fee_wei=base_fee_wei, cap_wei=FEE_CAP_WEI)
    if fees is None:
        return False
    request_id = f"batch/{batch.id}/{len(attempts)}"
    signed = sign(context, batch, fees, request_id=request_id)
    with context.database.transaction() as session:
        service.store_replacement(
            session,
            batch.id,
            raw=signed.raw,
            tx_hash=signed.tx_hash,
            fees=fees,
            at=context.clock.now(),
        )
    return True
