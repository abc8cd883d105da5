"""Merchants on chain: registration, payments, cash-outs."""

from functools import partial

from sqlmodel import Session

from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.chain.contracts import SignedSpend
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.jobs.wallet_client import SigningRefusedError
from backend.market import queries, service
from backend.market.models import Merchant, Payment
from backend.market.rules import AUTHORISATION_LIFE, CashOutState, MerchantState, PaymentState
from backend.workflows import settle_batch

MAX_SPENDS = 100
"""At ≤ 88,000 gas each they stay below the limit of one transaction."""
MAX_CASH_OUTS = 50


def expire_requests(context: Context) -> bool:
    """Close payment requests that nobody confirmed in time."""
    with context.database.transaction() as session:
        return service.expire_requests(session, context.clock.now()) > 0


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


def sign_payments(context: Context) -> bool:
    """Have accepted payments signed; what the policy refuses goes back to the citizen."""
    with context.database.reading() as session:
        accepted = queries.payments_in(session, PaymentState.ACCEPTED)
        pseudonyms = _pseudonyms(session, [payment.merchant_id for payment in accepted])
    return each(accepted, lambda payment: _sign(context, payment, pseudonyms[payment.merchant_id]))


def _sign(context: Context, payment: Payment, pseudonym: int) -> bool:
    # Counted from the acceptance: the same request must say the same when it is repeated.
    accepted_at = payment.accepted_at or payment.requested_at
    valid_before = int((accepted_at + AUTHORISATION_LIFE).timestamp())
    try:
        signed = context.wallet.sign_authorisation(
            {
                "request_id": f"payment/{payment.id}",
                "address": payment.payer_address,
                "chain_id": context.contracts.deployment.chain_id,
                "genesis_hash": context.genesis_hash,
                "units": payment.units,
                "merchant_id": pseudonym,
                "payment_ref": payment.payment_ref,
                "salt": payment.salt,
                "valid_after": 0,
                "valid_before": valid_before,
            }
        )
    except SigningRefusedError as error:
        with context.database.transaction() as session:
            settle_batch.refuse_payment(
                session, payment, str(error.facts["reason"]), at=context.clock.now()
            )
        raise
    validity = {"valid_after": 0, "valid_before": valid_before}
    with context.database.transaction() as session:
        service.store_authorisation(
            session,
            payment.id,
            nonce=signed.nonce,
            authorisation={"v": signed.v, "r": signed.r, "s": signed.s, **validity},
        )
    return True


def reserve_spends(context: Context) -> bool:
    """Put authorised payments into one transaction."""
    with context.database.reading() as session:
        payments = queries.payments_in(session, PaymentState.AUTHORISED, limit=MAX_SPENDS)
        pseudonyms = _pseudonyms(session, [payment.merchant_id for payment in payments])
    if not payments:
        return False
    spends = [_spend(payment, pseudonyms[payment.merchant_id]) for payment in payments]
    payment_ids = [payment.id for payment in payments]
    batch = reserve(
        context,
        kind=BatchKind.SPEND,
        key_label="relayer",
        contract="RedemptionDesk",
        calldata=context.contracts.spend_batch(spends),
        attach=lambda session, batch: (
            service.put_payments_in_batch(session, payment_ids, batch.id) == len(payment_ids)
        ),
        item_count=len(payments),
    )
    return batch is not None


def reserve_cash_outs(context: Context) -> bool:
    """Put requested cash-outs into one transaction."""
    with context.database.reading() as session:
        cash_outs = queries.cash_outs_in(session, CashOutState.REQUESTED, limit=MAX_CASH_OUTS)
        pseudonyms = _pseudonyms(session, [cash_out.merchant_id for cash_out in cash_outs])
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


def _attach_merchant(merchant: Merchant, session: Session, batch: Batch) -> bool:
    return service.move_merchants(
        session,
        [merchant.id],
        source=MerchantState.DRAFT,
        target=MerchantState.REGISTERING,
        batch_id=batch.id,
    )


def _pseudonyms(session: Session, merchant_ids: list[str]) -> dict[str, int]:
    found = (queries.merchant(session, merchant_id) for merchant_id in set(merchant_ids))
    return {merchant.id: merchant.pseudonym for merchant in found if merchant is not None}


def _spend(payment: Payment, pseudonym: int) -> SignedSpend:
    signed = payment.authorisation or {}
    return SignedSpend(
        payer=payment.payer_address or "",
        units=payment.units,
        merchant_pseudonym=pseudonym,
        valid_after=signed["valid_after"],
        valid_before=signed["valid_before"],
        payment_ref=payment.payment_ref,
        salt=payment.salt,
        v=signed["v"],
        r=signed["r"],
        s=signed["s"],
    )
