"""Cash-outs on their way to the chain."""

from backend.batches.rules import BatchKind
from backend.jobs.context import Context
from backend.jobs.reserve import reserve
from backend.merchants import queries as merchant_queries
from backend.settlement import queries, service
from backend.settlement.rules import CashOutState

MAX_CASH_OUTS = 50


def reserve_cash_outs(context: Context) -> bool:
    """Put requested cash-outs into one transaction."""
    with context.database.reading() as session:
        cash_outs = queries.cash_outs_in(session, CashOutState.REQUESTED, limit=MAX_CASH_OUTS)
        pseudonyms = merchant_queries.pseudonyms(
            session, [cash_out.merchant_id for cash_out in cash_outs]
        )
    if not cash_outs:
        return False
    items = [(pseudonyms[c.merchant_id], c.units, c.payout_ref) for c in cash_outs]
    cash_out_ids = [cash_out.id for cash_out in cash_outs]
    batch = reserve(
        context,
        kind=BatchKind.CASH_OUT,
        key_label="treasurer",
        contract="RedemptionDesk",
        calldata=context.contracts.cash_out_batch(items),
        attach=lambda session, batch: (
            service.put_cash_outs_in_batch(session, cash_out_ids, batch.id) == len(cash_out_ids)
        ),
        item_count=len(cash_outs),
    )
    return batch is not None
