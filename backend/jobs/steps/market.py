"""Payments on their way to the chain: signed, batched."""

from backend.batches.rules import BatchKind
from backend.chain.contracts import SignedSpend
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.jobs.steps import own_wallets
from backend.jobs.wallet_client import SigningRefusedError
from backend.market import queries, service
from backend.market import spends as market_spends
from backend.market.models import Payment
from backend.market.rules import AUTHORISATION_LIFE, UNPROVED_REFUSALS, PaymentState
from backend.merchants import queries as merchant_queries
from backend.workflows import pay_merchant, settle_payments

MAX_SPENDS = 100
"""At ≤ 88,000 gas each they stay below the limit of one transaction."""


def expire_requests(context: Context) -> bool:
    """Close payment requests that nobody confirmed in time."""
    with context.database.transaction() as session:
        return service.expire_requests(session, context.clock.now()) > 0


def sign_payments(context: Context) -> bool:
    """Have accepted payments signed; what the policy refuses goes back to the citizen."""
    with context.database.reading() as session:
        accepted = queries.payments_in(session, PaymentState.ACCEPTED)
        pseudonyms = merchant_queries.pseudonyms(
            session, [payment.merchant_id for payment in accepted]
        )
    return each(accepted, lambda payment: _sign(context, payment, pseudonyms[payment.merchant_id]))


def _sign(context: Context, payment: Payment, pseudonym: int) -> bool:
    if payment.is_own_wallet:
        return own_wallets.check(context, payment)
    # Counted from the acceptance: the same request must say the same when it is repeated.
    accepted_at = payment.accepted_at or payment.requested_at
    valid_before = int((accepted_at + AUTHORISATION_LIFE).timestamp())
    proof = {"proof": payment.proof} if payment.proof else {}
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
                **proof,
            }
        )
    except SigningRefusedError as error:
        reason, now = str(error.facts["reason"]), context.clock.now()
        with context.database.transaction() as session:
            if proof and reason in UNPROVED_REFUSALS:
                pay_merchant.reopen(session, payment, reason, now=now)
                return True
            settle_payments.refuse_payment(session, payment, reason, at=now)
        raise
    validity = {"valid_after": 0, "valid_before": valid_before}
    with context.database.transaction() as session:
        pay_merchant.note_authorised(
            session,
            payment,
            nonce=signed.nonce,
            authorisation={"v": signed.v, "r": signed.r, "s": signed.s, **validity},
            now=context.clock.now(),
        )
    return True


def reserve_spends(context: Context) -> bool:
    """Put authorised payments into one transaction."""
    with context.database.reading() as session:
        payments = queries.spendable(session, context.clock.now(), limit=MAX_SPENDS)
        pseudonyms = merchant_queries.pseudonyms(
            session, [payment.merchant_id for payment in payments]
        )
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
            market_spends.put_in_batch(session, payment_ids, batch.id) == len(payment_ids)
        ),
        item_count=len(payments),
    )
    return batch is not None


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
