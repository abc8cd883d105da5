"""What the end of a transaction means for payments, refunds and cash-outs inside it."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.batches.models import Batch
from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import cancellations, refunds, spends
from backend.market import queries as market_queries
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState, is_final_refusal
from backend.merchants import queries as merchant_queries
from backend.offers import service as offers
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import CashOutState
from backend.workflows import both_sides, carry_custody, pay_out


def refuse_payment(session: Session, payment: Payment, refusal: str, *, at: datetime) -> None:
    """Give the points of an accepted payment back that cannot be signed, and tell both sides.

    Effects: payment FAILED, ledger, one event for each side.
    """
    source = PaymentState.ACCEPTED
    if spends.give_back(session, payment, source=source, refusal_code=refusal, at=at):
        _tell_both(session, payment, refusal, None, at)


def confirm_spends(
    session: Session, batch: Batch, refused: Mapping[str, str], *, at: datetime
) -> None:
    """Settle the payments of a final transaction.

    Args:
        refused: EIP-3009 nonce → reason, of those that the desk skipped.
    Effects: payment CONFIRMED, FAILED, or asked for again; ledger; events for both sides.
    """
    payments = market_queries.payments_of_batch(session, batch.id)
    refusals = {payment.id: refused.get(payment.nonce or "") for payment in payments}
    payers = {payment.payer_account_id or "" for payment in payments}
    merchant_ids = {payment.merchant_id for payment in payments}
    ledger.lock(
        session,
        [name(payer) for payer in payers for name in (names.in_flight, names.confirmed)]
        + [names.takings(merchant_id) for merchant_id in merchant_ids],
    )
    # Final once, dropped by a deep reorganisation, and mined again before what it spends was:
    # the books stand, and the chain is asked once more.
    early = {p.id for p in payments if refusals[p.id] and p.state == PaymentState.CONFIRMED}
    spends.spend_again(session, early)
    settled = [payment for payment in payments if payment.id not in early]
    closed = []
    for payment in settled:
        refusal = refusals[payment.id]
        if refusal is None or is_final_refusal(refusal):
            spends.settle(session, payment, refusal_code=refusal, at=at)
            closed.append(payment)
        else:
            spends.keep_waiting(session, payment, waiting_code=refusal, at=at)
    for payment in closed:
        _tell_both(session, payment, refusals[payment.id], batch.tx_hash, at)


def confirm_cancellations(session: Session, batch: Batch, *, at: datetime) -> None:
    """Give points of called-off payments back; the token has consumed their nonces.

    Effects: payment CANCELLED or as the desk decided before; ledger; events for both sides.
    """
    for payment in market_queries.payments_of_batch(session, batch.id):
        if cancellations.settle(session, payment, at=at):
            _tell_both(session, payment, CALLED_OFF, batch.tx_hash, at)


def confirm_refunds(
    session: Session, batch: Batch, refused: Mapping[str, str], *, at: datetime
) -> None:
    """Settle the refunds of a final transaction.

    Args:
        refused: Refund reference → reason, of those that the desk skipped.
    Effects: refund CONFIRMED or FAILED; ledger; a move for what arrived at an address left.
    """
    mine = market_queries.refunds_of_batch(session, batch.id)
    payments = {refund.id: session.get_one(Payment, refund.payment_id) for refund in mine}
    ledger.lock(
        session,
        [
            name(payment.payer_account_id or "")
            for payment in payments.values()
            for name in (names.confirmed, names.moving)
        ]
        + [name(r.merchant_id) for r in mine for name in (names.refunding, names.takings)],
    )
    for refund in mine:
        payer = payments[refund.id].payer_account_id or ""
        refusal = refused.get(refund.refund_ref)
        # The desk gives back to the address that paid, which the payer may have left since.
        source = payments[refund.id].payer_address or ""
        is_left = source not in (account_queries.spending_address(session, payer), "")
        refunds.settle(
            session, refund, payer=payer, is_left_behind=is_left, refusal_code=refusal, at=at
        )
        carry_custody.follow(session, payer, source=source, now=at)
    for refund in mine:
        is_refused = refund.refund_ref in refused
        kind = "refund_failed" if is_refused else "refund_confirmed"
        both_sides.tell(session, payments[refund.id], kind, units=refund.units, at=at)


def confirm_cash_outs(
    session: Session, batch: Batch, refused: Mapping[str, str], *, at: datetime
) -> None:
    """Settle the burns of a final transaction and owe their euro.

    Args:
        refused: Payout reference → reason, of those that the desk skipped.
    Effects: cash_out CONFIRMED or FAILED; ledger; payouts; events for the merchants.
    """
    cash_outs = settlement_queries.cash_outs_of_batch(session, batch.id)
    merchant_ids = {cash_out.merchant_id for cash_out in cash_outs}
    ledger.lock(
        session,
        [name(m) for m in merchant_ids for name in (names.settling, names.takings, names.payable)]
        + [names.BURNED, names.RESERVE],
    )
    skipped = {c.id for c in cash_outs if c.payout_ref in refused}
    early = {c.id for c in cash_outs if c.id in skipped and c.state == CashOutState.CONFIRMED}
    settlement.burn_again(session, early)
    settled = [cash_out for cash_out in cash_outs if cash_out.id not in early]
    for cash_out in settled:
        refusal = refused.get(cash_out.payout_ref)
        settlement.settle_cash_out(session, cash_out, refusal_code=refusal, at=at)
    burned = [row for row in settled if row.id not in skipped]
    pay_out.owe(session, burned, at=at)
    for cash_out in settled:
        merchant = merchant_queries.merchant(session, cash_out.merchant_id)
        is_refused = cash_out.id in skipped
        event_log.append(
            session,
            kind="cash_out_failed" if is_refused else "cash_out_confirmed",
            subject=cash_out.id,
            audience=merchant.owner_account_id if merchant else event_log.STAFF,
            at=at,
            units=cash_out.units,
            tx_hash=batch.tx_hash,
        )


def _tell_both(
    session: Session, payment: Payment, refusal: str | None, tx_hash: str | None, at: datetime
) -> None:
    if refusal is not None:
        offers.release_failed(session, payment.id)
    kind = "payment_failed" if refusal else "payment_confirmed"
    both_sides.tell(session, payment, kind, tx_hash=tx_hash, at=at)
