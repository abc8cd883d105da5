"""Which items of a mined transaction the desk really refused, asked of the contract itself.

An item that the desk skips may have gone through before: anybody may hand in a published
authorisation, and a transaction may be mined after all beside the one that replaced it.
That is success found late; giving the points back would pay twice. It is judged at one block,
deep enough to count, named by its hash: what is true at the newest block may be gone in the next.
"""

from collections.abc import Mapping

from backend.batches.models import Batch
from backend.chain.node import BlockHead, Mined
from backend.jobs.context import Context
from backend.market import queries


def of_spends(context: Context, batch: Batch, mined: Mined, final: BlockHead) -> Mapping[str, str]:
    """Return EIP-3009 nonce → error name of the spends that have not happened."""
    refused = context.contracts.refused_spends(mined.logs)
    if not refused:
        return refused
    with context.database.reading() as session:
        payments = queries.payments_of_batch(session, batch.id)
    payers = {payment.nonce: payment.payer_address for payment in payments}
    return {
        nonce: name
        for nonce, name in refused.items()
        if not _is_true(context, final, context.contracts.spent_of(payers[nonce] or "", nonce))
    }


def of_refunds(context: Context, mined: Mined, final: BlockHead) -> Mapping[str, str]:
    """Return refund reference → error name of the refunds that have not happened."""
    refused = context.contracts.refused_refunds(mined.logs)
    return {
        reference: name
        for reference, name in refused.items()
        if not _is_true(context, final, context.contracts.is_refunded(reference))
    }


def of_payouts(context: Context, mined: Mined, final: BlockHead) -> Mapping[str, str]:
    """Return payout reference → error name of the cash-outs that have not happened."""
    refused = context.contracts.refused_payouts(mined.logs)
    return {
        reference: name
        for reference, name in refused.items()
        if not _is_true(context, final, context.contracts.is_paid_out(reference))
    }


def _is_true(context: Context, final: BlockHead, calldata: str) -> bool:
    desk = context.contracts.address("RedemptionDesk")
    answer = context.node.call(to_address=desk, calldata=calldata, block_hash=final.hash)
    return any(answer[:32])
