"""What a transaction's end means for the things inside it: confirmed, or back in the queue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from backend.actions import service as actions
from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import queries as market_queries
from backend.market import service as market
from backend.market.models import Payment
from backend.market.rules import MerchantState
from backend.rewards import service as rewards
from backend.rulebook import service as editions


@dataclass(frozen=True)
class ChainFacts:
    """What the events of a mined transaction say, decoded.

    Attributes:
        refused_spends: EIP-3009 nonce (0x-hex) → reason, of the spends that were skipped.
        refused_payouts: Payout reference (0x-hex) → reason, of the cash-outs that were skipped.
        incarnation: Number handed out by openIncarnation.
    """

    refused_spends: Mapping[str, str] = field(default_factory=dict)
    refused_payouts: Mapping[str, str] = field(default_factory=dict)
    incarnation: int | None = None


def confirm(session: Session, batch: Batch, facts: ChainFacts, *, at: datetime) -> bool:
    """Act on a transaction that is deep enough.

    Returns:
        True when it was confirmed now, False when another runner was faster.
    Effects: batch CONFIRMED; its items, the ledger and the event log follow.
    """
    if not batches.move(session, batch.id, BatchState.CONFIRMED):
        return False
    match batch.kind:
        case BatchKind.MINT:
            _confirm_mint(session, batch, at)
        case BatchKind.SPEND:
            _confirm_spends(session, batch, facts, at)
        case BatchKind.CASH_OUT:
            _confirm_cash_outs(session, batch, facts, at)
        case BatchKind.REGISTER_MERCHANT:
            _confirm_merchants(session, batch, at)
        case BatchKind.PUBLISH_EDITION:
            _confirm_edition(session, batch, at)
        case BatchKind.OPEN_INCARNATION if facts.incarnation is not None:
            actions.open_incarnation(
                session, genesis_hash=batch.genesis_hash, number=facts.incarnation, at=at
            )
    return True


def give_back(session: Session, batch: Batch, target: BatchState, *, error: str) -> bool:
    """Close a transaction that did not make it and free its items.

    Args:
        target: REVERTED or REPLACED.
    Effects: items return to their queue with the same ids, signatures and references.
    """
    if not batches.move(session, batch.id, target, last_error=error[:500]):
        return False
    rewards.return_to_queue(session, batch.id)
    market.return_payments_to_queue(session, batch.id)
    market.return_cash_outs_to_queue(session, batch.id)
    editions.return_to_approved(session, batch.id)
    waiting = [
        m.id
        for m in market_queries.merchants_in(session, MerchantState.REGISTERING)
        if m.batch_id == batch.id
    ]
    market.move_merchants(
        session,
        waiting,
        source=MerchantState.REGISTERING,
        target=MerchantState.DRAFT,
        batch_id=None,
    )
    return True


def _confirm_mint(session: Session, batch: Batch, at: datetime) -> None:
    for reward in rewards.confirm(session, batch.id, at=at):
        ledger.move(
            session,
            reference=f"reward/{reward.reward_id}/confirmed",
            kind="reward_confirmed",
            source=names.pending(reward.account_id),
            target=names.confirmed(reward.account_id),
            units=reward.units,
            at=at,
        )
        event_log.append(
            session,
            kind="reward_confirmed",
            subject=str(reward.claim_id),
            audience=reward.account_id,
            at=at,
            units=reward.units,
            tx_hash=batch.tx_hash,
        )


def _confirm_spends(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
    for payment in market_queries.payments_of_batch(session, batch.id):
        refusal = facts.refused_spends.get(payment.nonce or "")
        market.settle_payment(session, payment, refusal_code=refusal, at=at)
        _tell_both(session, payment, refusal, batch.tx_hash, at)


def _tell_both(
    session: Session, payment: Payment, refusal: str | None, tx_hash: str | None, at: datetime
) -> None:
    merchant = market_queries.merchant(session, payment.merchant_id)
    for audience in (payment.payer_account_id, merchant.owner_account_id if merchant else None):
        if audience is not None:
            event_log.append(
                session,
                kind="payment_failed" if refusal else "payment_confirmed",
                subject=payment.id,
                audience=audience,
                at=at,
                units=payment.units,
                tx_hash=tx_hash,
            )


def _confirm_cash_outs(session: Session, batch: Batch, facts: ChainFacts, at: datetime) -> None:
    for cash_out in market_queries.cash_outs_of_batch(session, batch.id):
        refusal = facts.refused_payouts.get(cash_out.payout_ref)
        market.settle_cash_out(session, cash_out, refusal_code=refusal, at=at)
        merchant = market_queries.merchant(session, cash_out.merchant_id)
        event_log.append(
            session,
            kind="cash_out_failed" if refusal else "cash_out_confirmed",
            subject=cash_out.id,
            audience=merchant.owner_account_id if merchant else event_log.STAFF,
            at=at,
            units=cash_out.units,
            tx_hash=batch.tx_hash,
        )


def _confirm_merchants(session: Session, batch: Batch, at: datetime) -> None:
    registering = market_queries.merchants_in(session, MerchantState.REGISTERING)
    mine = [merchant for merchant in registering if merchant.batch_id == batch.id]
    market.move_merchants(
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


def _confirm_edition(session: Session, batch: Batch, at: datetime) -> None:
    for edition in editions.mark_published(session, batch.id, at=at):
        event_log.append(
            session,
            kind="edition_published",
            subject=str(edition.number),
            audience=event_log.STAFF,
            at=at,
            tx_hash=batch.tx_hash,
        )
