"""What a transaction's end means for the things inside it: confirmed, or back in the queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import cancellations, refunds, spends
from backend.market import queries as market_queries
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState, is_final_refusal
from backend.merchants import queries as merchant_queries
from backend.merchants import service as merchants
from backend.merchants.rules import MerchantState
from backend.offers import service as offers
from backend.rewards import service as rewards
from backend.rulebook import service as editions
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import CashOutState
from backend.workflows import both_sides, carry_custody, pay_out, settle_moves


@dataclass(frozen=True)
class ChainFacts:
    """What the events of a mined transaction say, decoded.

    Attributes:
        refused_spends: EIP-3009 nonce (0x-hex) → reason, of the spends that were skipped.
        refused_refunds: Refund reference (0x-hex) → reason, of the refunds that were skipped.
        refused_payouts: Payout reference (0x-hex) → reason, of the cash-outs that were skipped.
        incarnation: Number handed out by openIncarnation.
        home: Fingerprint of this database, for a new incarnation.
    """

    refused_spends: Mapping[str, str] = field(default_factory=dict)
    refused_refunds: Mapping[str, str] = field(default_factory=dict)
    refused_payouts: Mapping[str, str] = field(default_factory=dict)
    incarnation: int | None = None
    home: str = ""


def confirm(session: Session, batch: Batch, facts: ChainFacts, *, at: datetime) -> bool:
    """Act on a transaction that is deep enough.

    Returns:
        True when it was confirmed now, False when another runner was faster.
    Effects: batch CONFIRMED; its items, the ledger and the event log follow.
    """
    if not batches.move(session, batch.id, BatchState.CONFIRMED):
        return False
    handler = _CONFIRM.get(BatchKind(batch.kind))
    if handler is not None:
        handler(session, batch, facts, at)
    return True


def give_back(
    session: Session, batch: Batch, target: BatchState, *, error: str, **block: str | int | None
) -> bool:
    """Close a transaction that did not make it and free its items.

    Args:
        target: REVERTED or REPLACED.
        block: Of a reverted one: tx_hash, block_number and block_hash, so that the sweep sees
            when the block is dropped and the nonce free again.
    Effects: items return to their queue with the same ids, signatures and references.
    """
    if not batches.move(session, batch.id, target, last_error=error[:500], **block):
        return False
    rewards.return_to_queue(session, batch.id)
    _free_others(session, batch)
    return True


def bury_batch(session: Session, batch: Batch, *, error: str, at: datetime) -> bool:
    """Close a transaction that the wallet service refuses to sign.

    Its rewards wait for a person (trying again would be refused again and burn a nonce
    each time); other items return to their queue.

    Returns:
        False when it was signed meanwhile.
    Effects: the batch becomes a gap filler; rewards QUARANTINED; one staff event.
    """
    if not batches.turn_into_filler(session, batch.id, error=error):
        return False
    rewards.quarantine_batch(session, batch.id)
    _free_others(session, batch)
    event_log.append(
        session,
        kind="signing_refused",
        subject=batch.id,
        audience=event_log.STAFF,
        at=at,
        detail=error[:200],
    )
    return True


def _free_others(session: Session, batch: Batch) -> None:
    spends.return_to_queue(session, batch.id)
    cancellations.return_to_queue(session, batch.id)
    settle_moves.return_to_queue(session, batch)
    refunds.return_to_queue(session, batch.id)
    settlement.return_cash_outs_to_queue(session, batch.id)
    editions.return_to_approved(session, batch.id)
    editions.give_up_cancel(session, batch.id)
    merchants.move(
        session,
        [merchant.id for merchant in merchant_queries.merchants_of_batch(session, batch.id)],
        source=MerchantState.REGISTERING,
        target=MerchantState.DRAFT,
        batch_id=None,
    )


def refuse_payment(session: Session, payment: Payment, refusal: str, *, at: datetime) -> None:
    """Give the points of an accepted payment back that cannot be signed, and tell both sides.

    Effects: payment FAILED, ledger, one event for each side.
    """
    source = PaymentState.ACCEPTED
    if spends.give_back(session, payment, source=source, refusal_code=refusal, at=at):
        _tell_both(session, payment, refusal, None, at)


# Points first, events last: the order lock of the event log is held until the commit, and
# whoever holds it must not wait for an account that another transaction holds.
def _confirm_mint(session: Session, batch: Batch, _facts: ChainFacts, at: datetime) -> None:
    confirmed = rewards.confirm(session, batch.id, at=at)
    owners = {reward.account_id for reward in confirmed}
    ledger.lock(session, [name(o) for o in owners for name in (names.pending, names.confirmed)])
    for reward in confirmed:
        ledger.move(
            session,
            reference=f"reward/{reward.reward_id}/confirmed",
            kind="reward_confirmed",
            source=names.pending(reward.account_id),
            target=names.confirmed(reward.account_id),
            units=reward.units,
            at=at,
        )
    public_ids = action_queries.public_ids(session, [reward.claim_id for reward in confirmed])
    for reward in confirmed:
        event_log.append(
            session,
            kind="reward_confirmed",
            subject=public_ids[reward.claim_id],
            audience=reward.account_id,
            at=at,
            units=reward.units,
            tx_hash=batch.tx_hash,
        )


def _confirm_spends(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
    payments = market_queries.payments_of_batch(session, batch.id)
    refusals = {payment.id: facts.refused_spends.get(payment.nonce or "") for payment in payments}
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


def _confirm_cancellation_of_payment(
    session: Session, batch: Batch, _facts: ChainFacts, at: datetime
) -> None:
    # Mined with success: the token has consumed the nonce, whatever anybody hands in later.
    for payment in market_queries.payments_of_batch(session, batch.id):
        if cancellations.settle(session, payment, at=at):
            _tell_both(session, payment, CALLED_OFF, batch.tx_hash, at)


def _confirm_refunds(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
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
        refusal = facts.refused_refunds.get(refund.refund_ref)
        # The desk gives back to the address that paid, which the payer may have left since.
        source = payments[refund.id].payer_address or ""
        is_left = source not in (account_queries.spending_address(session, payer), "")
        refunds.settle(
            session, refund, payer=payer, is_left_behind=is_left, refusal_code=refusal, at=at
        )
        carry_custody.follow(session, payer, source=source, now=at)
    for refund in mine:
        is_refused = refund.refund_ref in facts.refused_refunds
        kind = "refund_failed" if is_refused else "refund_confirmed"
        both_sides.tell(session, payments[refund.id], kind, units=refund.units, at=at)


def _tell_both(
    session: Session, payment: Payment, refusal: str | None, tx_hash: str | None, at: datetime
) -> None:
    if refusal is not None:
        offers.release_failed(session, payment.id)
    kind = "payment_failed" if refusal else "payment_confirmed"
    both_sides.tell(session, payment, kind, tx_hash=tx_hash, at=at)


def _confirm_cash_outs(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
    cash_outs = settlement_queries.cash_outs_of_batch(session, batch.id)
    merchant_ids = {cash_out.merchant_id for cash_out in cash_outs}
    ledger.lock(
        session,
        [name(m) for m in merchant_ids for name in (names.settling, names.takings, names.payable)]
        + [names.BURNED, names.RESERVE],
    )
    refused = {c.id for c in cash_outs if c.payout_ref in facts.refused_payouts}
    early = {c.id for c in cash_outs if c.id in refused and c.state == CashOutState.CONFIRMED}
    settlement.burn_again(session, early)
    settled = [cash_out for cash_out in cash_outs if cash_out.id not in early]
    for cash_out in settled:
        refusal = facts.refused_payouts.get(cash_out.payout_ref)
        settlement.settle_cash_out(session, cash_out, refusal_code=refusal, at=at)
    burned = [row for row in settled if row.id not in refused]
    pay_out.owe(session, burned, at=at)
    for cash_out in settled:
        merchant = merchant_queries.merchant(session, cash_out.merchant_id)
        is_refused = cash_out.id in refused
        event_log.append(
            session,
            kind="cash_out_failed" if is_refused else "cash_out_confirmed",
            subject=cash_out.id,
            audience=merchant.owner_account_id if merchant else event_log.STAFF,
            at=at,
            units=cash_out.units,
            tx_hash=batch.tx_hash,
        )


def _confirm_merchants(session: Session, batch: Batch, _facts: ChainFacts, at: datetime) -> None:
    mine = merchant_queries.merchants_of_batch(session, batch.id)
    merchants.move(
        session,
        [merchant.id for merchant in mine],
        source=MerchantState.REGISTERING,
        target=MerchantState.ACTIVE,
        batch_id=batch.id,
    )
    for merchant in mine:
        event_log.append(
            session,
            kind="merchant_activated",
            subject=merchant.id,
            audience=merchant.owner_account_id,
            at=at,
        )


def _confirm_edition(session: Session, batch: Batch, _facts: ChainFacts, at: datetime) -> None:
    for edition in editions.mark_published(session, batch.id, at=at):
        event_log.append(
            session,
            kind="edition_published",
            subject=str(edition.number),
            audience=event_log.STAFF,
            at=at,
            tx_hash=batch.tx_hash,
        )


def _confirm_cancellation(session: Session, batch: Batch, _facts: ChainFacts, at: datetime) -> None:
    for edition in editions.mark_cancelled(session, batch.id):
        event_log.append(
            session,
            kind="edition_cancelled",
            subject=str(edition.number),
            audience=event_log.STAFF,
            at=at,
            tx_hash=batch.tx_hash,
        )


def _confirm_incarnation(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
    if facts.incarnation is not None:
        actions.open_incarnation(
            session,
            genesis_hash=batch.genesis_hash,
            number=facts.incarnation,
            home=facts.home,
            at=at,
        )


def _confirm_move(session: Session, batch: Batch, _facts: ChainFacts, at: datetime) -> None:
    settle_moves.confirm(session, batch, at=at)


_CONFIRM: Mapping[BatchKind, Callable[[Session, Batch, ChainFacts, datetime], None]] = {
    BatchKind.MINT: _confirm_mint,
    BatchKind.SPEND: _confirm_spends,
    BatchKind.REFUND: _confirm_refunds,
    BatchKind.ANNOUNCE_MOVE: _confirm_move,
    BatchKind.WITHDRAW_MOVE: _confirm_move,
    BatchKind.MOVE_POINTS: _confirm_move,
    BatchKind.CANCEL_PAYMENT: _confirm_cancellation_of_payment,
    BatchKind.CASH_OUT: _confirm_cash_outs,
    BatchKind.REGISTER_MERCHANT: _confirm_merchants,
    BatchKind.PUBLISH_EDITION: _confirm_edition,
    BatchKind.CANCEL_EDITION: _confirm_cancellation,
    BatchKind.OPEN_INCARNATION: _confirm_incarnation,
}
"""What a confirmed transaction of each kind means; fillers and pauses mean nothing here."""
