"""Payments that a till gave up: signed away by the payer's key, then made useless on chain."""

from functools import partial

from backend.batches.rules import BatchKind
from backend.chain.errors import CallRevertedError
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.jobs.wallet_client import SigningRefusedError
from backend.market import cancellations, queries
from backend.market.models import Payment
from backend.merchants import queries as merchant_queries

SPENT = "EcoToken_AuthorizationSpent"


def sign_cancellations(context: Context) -> bool:
    """Have the end of given-up payments signed by their payers' keys."""
    with context.database.reading() as session:
        waiting = queries.uncancelled(session, is_signed=False)
        pseudonyms = merchant_queries.pseudonyms(session, [p.merchant_id for p in waiting])
    return each(waiting, lambda payment: _sign(context, payment, pseudonyms[payment.merchant_id]))


def _sign(context: Context, payment: Payment, pseudonym: int) -> bool:
    try:
        signed = context.wallet.sign_cancellation(
            {
                "request_id": f"cancellation/{payment.id}",
                "address": payment.payer_address,
                "chain_id": context.contracts.deployment.chain_id,
                "genesis_hash": context.genesis_hash,
                "merchant_id": pseudonym,
                "payment_ref": payment.payment_ref,
                "salt": payment.salt,
            }
        )
    except SigningRefusedError as error:
        # Without a cancellation the authorisation stays good, so the payment goes on waiting.
        with context.database.transaction() as session:
            reason = str(error.facts["reason"])
            cancellations.take_up_again(session, payment.id, waiting_code=reason)
        raise
    with context.database.transaction() as session:
        cancellations.store_signature(
            session,
            payment.id,
            {"v": signed.v, "r": signed.r, "s": signed.s},
            at=context.clock.now(),
        )
    return True


def reserve_cancellations(context: Context) -> bool:
    """Put each signed cancellation into a transaction of its own."""
    with context.database.reading() as session:
        signed = queries.uncancelled(session, is_signed=True)
    return each(signed, partial(_reserve, context))


def _reserve(context: Context, payment: Payment) -> bool:
    signature = payment.cancellation or {}
    calldata = context.contracts.cancel_authorization(
        payment.payer_address or "", payment.nonce or "", **signature
    )
    try:
        batch = reserve(
            context,
            kind=BatchKind.CANCEL_PAYMENT,
            key_label="relayer",
            contract="EcoToken",
            calldata=calldata,
            attach=lambda session, batch: cancellations.put_in_batch(session, payment.id, batch.id),
        )
    except CallRevertedError as error:
        if context.contracts.error_name(error.reason) != SPENT:
            raise
        with context.database.transaction() as session:
            cancellations.take_up_again(session, payment.id, waiting_code=SPENT)
        return True
    return batch is not None
