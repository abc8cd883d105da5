"""Refunds on their way to the chain."""

from itertools import accumulate

from backend.batches.rules import BatchKind
from backend.chain.contracts import RefundItem
from backend.jobs.context import Context
from backend.jobs.reserve import reserve
from backend.market import queries
from backend.market import refunds as market_refunds
from backend.market.models import Payment, Refund
from backend.market.rules import RefundState
from backend.merchants import queries as merchant_queries

MAX_REFUNDS = 50
MAX_UNITS = 5_000_000
"""Most that the wallet service lets the treasurer give back in one call (its policy file)."""


def reserve_refunds(context: Context) -> bool:
    """Put requested refunds into one transaction."""
    with context.database.reading() as session:
        waiting = queries.refunds_in(session, RefundState.REQUESTED, limit=MAX_REFUNDS)
        sums = accumulate(refund.units for refund in waiting)
        chosen = [
            refund
            for refund, sum_units in zip(waiting, sums, strict=True)
            if sum_units <= MAX_UNITS
        ]
        payments = {refund.id: session.get_one(Payment, refund.payment_id) for refund in chosen}
        pseudonyms = merchant_queries.pseudonyms(session, [r.merchant_id for r in chosen])
    if not chosen:
        return False
    items = [_item(r, payments[r.id], pseudonyms[r.merchant_id]) for r in chosen]
    refund_ids = [refund.id for refund in chosen]
    batch = reserve(
        context,
        kind=BatchKind.REFUND,
        key_label="treasurer",
        contract="RedemptionDesk",
        calldata=context.contracts.refund_batch(items),
        attach=lambda session, batch: (
            market_refunds.put_in_batch(session, refund_ids, batch.id) == len(refund_ids)
        ),
        item_count=len(chosen),
    )
    return batch is not None


def _item(refund: Refund, payment: Payment, pseudonym: int) -> RefundItem:
    return RefundItem(
        payer=payment.payer_address or "",
        units=refund.units,
        merchant_pseudonym=pseudonym,
        payment_ref=payment.payment_ref,
        salt=payment.salt,
        refund_ref=refund.refund_ref,
    )
