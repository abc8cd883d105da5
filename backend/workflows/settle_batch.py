"""What a transaction's end means for the things inside it: confirmed, or back in the queue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import cancellations, refunds, spends
from backend.merchants import queries as merchant_queries
from backend.merchants import service as merchants
from backend.merchants.rules import MerchantState
from backend.rewards import service as rewards
from backend.rulebook import service as editions
from backend.settlement import service as settlement
from backend.workflows import settle_moves, settle_payments


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
    each time), and so does a citizen's move; other items return to their queue.

    Returns:
        False when it was signed meanwhile.
    Effects: the batch becomes a gap filler; rewards QUARANTINED; one staff event.
    """
    if not batches.turn_into_filler(session, batch.id, error=error):
        return False
    rewards.quarantine_batch(session, batch.id)
    settle_moves.refuse(session, batch, at=at)
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
    BatchKind.SPEND: lambda session, batch, facts, at: settle_payments.confirm_spends(
        session, batch, facts.refused_spends, at=at
    ),
    BatchKind.REFUND: lambda session, batch, facts, at: settle_payments.confirm_refunds(
        session, batch, facts.refused_refunds, at=at
    ),
    BatchKind.ANNOUNCE_MOVE: _confirm_move,
    BatchKind.WITHDRAW_MOVE: _confirm_move,
    BatchKind.MOVE_POINTS: _confirm_move,
    BatchKind.CANCEL_PAYMENT: lambda session, batch, _, at: settle_payments.confirm_cancellations(
        session, batch, at=at
    ),
    BatchKind.CASH_OUT: lambda session, batch, facts, at: settle_payments.confirm_cash_outs(
        session, batch, facts.refused_payouts, at=at
    ),
    BatchKind.REGISTER_MERCHANT: _confirm_merchants,
    BatchKind.PUBLISH_EDITION: _confirm_edition,
    BatchKind.CANCEL_EDITION: _confirm_cancellation,
    BatchKind.OPEN_INCARNATION: _confirm_incarnation,
}
"""What a confirmed transaction of each kind means; fillers and pauses mean nothing here."""
