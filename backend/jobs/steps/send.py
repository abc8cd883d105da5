"""Sign, send and watch: reserved transactions become mined and confirmed ones."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from backend.batches import queries, service
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState, Fees
from backend.chain.node import BlockHead, Mined
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.signing import sign
from backend.jobs.steps import refusals
from backend.jobs.wallet_client import SigningRefusedError
from backend.workflows.settle_batch import ChainFacts, bury_batch, confirm, give_back

RESEND_AFTER = timedelta(seconds=15)
"""Pools forget transactions; giving them the same bytes again is harmless."""


def sign_reserved(context: Context) -> bool:
    """Have reserved transactions signed, and write the bytes before anything sends them."""
    with context.database.reading() as session:
        reserved = queries.in_state(session, context.genesis_hash, BatchState.RESERVED)
    return each(reserved, partial(_sign, context))


def _sign(context: Context, batch: Batch) -> bool:
    fees = Fees(batch.max_fee_per_gas_wei, batch.max_priority_fee_per_gas_wei)
    # A gap filler took over a reserved row whose first content may have been asked for.
    request_id = f"batch/{batch.id}/{batch.kind}"
    try:
        signed = sign(context, batch, fees, request_id=request_id)
    except SigningRefusedError as error:
        _bury(context, batch, error)
        raise
    with context.database.transaction() as session:
        service.store_attempt(
            session,
            batch,
            raw=signed.raw,
            tx_hash=signed.tx_hash,
            fees=fees,
            at=context.clock.now(),
        )
    return True


def _bury(context: Context, batch: Batch, error: SigningRefusedError) -> None:
    """Free what nobody will sign, and fill its nonce: later ones must not wait for ever."""
    if batch.kind == BatchKind.GAP_FILLER:
        return
    with context.database.transaction() as session:
        bury_batch(session, batch, error=str(error), at=context.clock.now())


def send_signed(context: Context) -> bool:
    """Give signed bytes to the node, and again to one that may have forgotten them."""
    now = context.clock.now()
    with context.database.reading() as session:
        waiting = queries.in_state(
            session, context.genesis_hash, BatchState.SIGNED, BatchState.SENT
        )
        due = [b for b in waiting if b.sent_at is None or b.sent_at + RESEND_AFTER <= now]
        raws = {batch.id: queries.attempts_of(session, batch.id)[0] for batch in due}
    for batch in due:
        attempt = raws[batch.id]
        words = context.node.send(attempt.raw)
        # What the node says proves nothing; whether it knows the hash does.
        is_known = not words or context.node.is_known(attempt.tx_hash)
        with context.database.transaction() as session:
            if is_known:
                service.mark_sent(session, batch.id, at=now)
            else:
                service.note_error(session, batch.id, words, tried_at=now)
    return bool(due)


def watch_sent(context: Context) -> bool:
    """Find out what became of the transactions under way."""
    with context.database.reading() as session:
        waiting = queries.in_state(
            session, context.genesis_hash, BatchState.SIGNED, BatchState.SENT
        )
        hashes = {b.id: [a.tx_hash for a in queries.attempts_of(session, b.id)] for b in waiting}
    did_any = False
    for batch in waiting:
        mined = next(filter(None, map(context.node.mined, hashes[batch.id])), None)
        if mined is not None:
            did_any = _note_mined(context, batch, mined) or did_any
        elif _is_nonce_taken(context, batch, hashes[batch.id]):
            with context.database.transaction() as session:
                taken = give_back(session, batch, BatchState.REPLACED, error="nonce taken")
            did_any = taken or did_any
    return did_any


def confirm_mined(context: Context) -> bool:
    """Confirm transactions that are deep enough; put back those that a reorganisation dropped."""
    with context.database.reading() as session:
        mined = queries.in_state(session, context.genesis_hash, BatchState.MINED)
    if not mined:
        return False
    final_number = context.node.head().number - context.confirmations_min + 1
    final = context.node.block(final_number) if final_number >= 0 else None
    return final is not None and each(mined, partial(_settle_mined, context, final))


def _settle_mined(context: Context, final: BlockHead, batch: Batch) -> bool:
    # Read again at the depth that counts: what was seen at the first sight may be gone.
    found = context.node.mined(batch.tx_hash or "")
    if found is None:
        with context.database.transaction() as session:
            service.move(session, batch.id, BatchState.SENT, tx_hash=None, block_number=None)
        return False
    if found.block_number > final.number:
        return False
    if not found.is_success:
        return _note_reverted(context, batch, found)
    facts = _facts(context, batch, found, final)
    with context.database.transaction() as session:
        return confirm(session, batch, facts, at=context.clock.now())


def _is_nonce_taken(context: Context, batch: Batch, hashes: Sequence[str]) -> bool:
    if context.node.mined_count(batch.sender) <= batch.nonce:
        return False
    # Asked again: one of ours may have been mined between the two questions.
    return not any(map(context.node.mined, hashes))


def _note_mined(context: Context, batch: Batch, mined: Mined) -> bool:
    if not mined.is_success:
        return _note_reverted(context, batch, mined)
    with context.database.transaction() as session:
        return service.move(
            session,
            batch.id,
            BatchState.MINED,
            tx_hash=mined.tx_hash,
            block_number=mined.block_number,
            block_hash=mined.block_hash,
            last_error=None,
        )


def _note_reverted(context: Context, batch: Batch, mined: Mined) -> bool:
    with context.database.transaction() as session:
        return give_back(
            session,
            batch,
            BatchState.REVERTED,
            error=f"reverted in {mined.tx_hash}",
            tx_hash=mined.tx_hash,
            block_number=mined.block_number,
            block_hash=mined.block_hash,
        )


def _facts(context: Context, batch: Batch, mined: Mined, final: BlockHead) -> ChainFacts:
    return ChainFacts(
        refused_spends=refusals.of_spends(context, batch, mined, final),
        refused_refunds=refusals.of_refunds(context, mined, final),
        refused_payouts=refusals.of_payouts(context, mined, final),
        incarnation=context.contracts.incarnation(mined.logs),
        home=context.database.fingerprint(),
    )
