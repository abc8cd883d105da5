"""Payments that citizens signed in their own wallets: checked here, taken by the chain."""

from backend.chain.typed import recovered
from backend.jobs.context import Context
from backend.market.models import Payment
from backend.market.typed import valid_before_s
from backend.workflows import pay_merchant, pay_own_wallet

WRONG = "own_signature_wrong"


def check(context: Context, payment: Payment) -> bool:
    """Keep the authorisation of the payer's own wallet, or let the citizen sign again.

    Effects: payment AUTHORISED; or REQUESTED with the points back.
    """
    now = context.clock.now()
    signature = str((payment.proof or {}).get("signature", ""))
    with context.database.transaction() as session:
        typed = pay_own_wallet.typed(session, payment, payment.payer_address or "")
        found = recovered(typed, signature)
        if found is None or found[0] != payment.payer_address:
            pay_merchant.reopen(session, payment, WRONG, now=now)
            return True
        parts = found[1]
        pay_merchant.note_authorised(
            session,
            payment,
            nonce=typed["message"]["nonce"],
            authorisation={
                "v": parts.v,
                "r": parts.r,
                "s": parts.s,
                "valid_after": 0,
                "valid_before": valid_before_s(payment.expires_at),
            },
            now=now,
        )
    return True
