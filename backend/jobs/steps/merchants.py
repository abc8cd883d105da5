"""Merchants on their way to the chain: registration."""

from functools import partial

from sqlmodel import Session

from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.merchants import queries
from backend.merchants import service as merchants
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState


def reserve_registrations(context: Context) -> bool:
    """Register new merchants on chain, one transaction each."""
    with context.database.reading() as session:
        drafts = queries.merchants_in(session, MerchantState.DRAFT)
    return each(drafts, partial(_register, context))


def _register(context: Context, merchant: Merchant) -> bool:
    batch = reserve(
        context,
        kind=BatchKind.REGISTER_MERCHANT,
        key_label="registrar",
        contract="RedemptionDesk",
        calldata=context.contracts.register_merchant(merchant.pseudonym, merchant.daily_cap_units),
        attach=partial(_attach_merchant, merchant),
    )
    return batch is not None


def _attach_merchant(merchant: Merchant, session: Session, batch: Batch) -> bool:
    return merchants.move(
        session,
        [merchant.id],
        source=MerchantState.DRAFT,
        target=MerchantState.REGISTERING,
        batch_id=batch.id,
    )
