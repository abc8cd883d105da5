"""Writes of rewards: receipts, and the life of tranches."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from backend.rewards.models import Adjustment, Receipt, Reward
from backend.rewards.rules import ON_REGISTER, SALT_BYTES, RewardState, receipt_leaf


@dataclass(frozen=True)
class Tranche:
    """One part of a reward.

    Attributes:
        reward_id: Packed 48-bit id.
        units: Amount, above zero.
        release_at: Earliest instant it may be minted.
        is_held: False when it may be minted at once.
    """

    index: int
    reward_id: int
    units: int
    release_at: datetime
    is_held: bool
    release_condition: str | None = None


def write_receipt(  # noqa: PLR0913 - the lines of a receipt
    session: Session,
    *,
    claim_id: int,
    account_id: str,
    edition_number: int,
    edition_hash: str,
    rule_id: str | None,
    units: int,
    lines: list[dict[str, Any]],
    public: dict[str, Any],
    private: dict[str, Any],
    moves: dict[str, dict[str, int]],
    at: datetime,
) -> Receipt:
    """Write the receipt of a claim with its salted commitment."""
    salt = secrets.token_bytes(SALT_BYTES)
    receipt = Receipt(
        claim_id=claim_id,
        account_id=account_id,
        edition_number=edition_number,
        edition_hash=edition_hash,
        rule_id=rule_id,
        units=units,
        lines=lines,
        public=public,
        private=private,
        salt=salt.hex(),
        leaf=receipt_leaf(salt=salt, public=public, private=private).hex(),
        created_at=at,
        moves=moves,
    )
    session.add(receipt)
    session.flush()
    return receipt


def grant(
    session: Session,
    *,
    claim_id: int,
    account_id: str,
    edition_number: int,
    tranches: Sequence[Tranche],
    at: datetime,
) -> None:
    """Write the tranches of a reward."""
    for tranche in tranches:
        session.add(
            Reward(
                claim_id=claim_id,
                tranche=tranche.index,
                reward_id=tranche.reward_id,
                account_id=account_id,
                edition_number=edition_number,
                units=tranche.units,
                state=RewardState.HELD if tranche.is_held else RewardState.READY,
                release_at=tranche.release_at,
                release_condition=tranche.release_condition,
                granted_at=at,
            )
        )
    session.flush()


def release_due(session: Session, now: datetime, *, limit: int = 1000) -> int:
    """Make held tranches whose time has come ready; return how many."""
    due = (
        select(Reward.reward_id)
        .where(
            col(Reward.state) == RewardState.HELD,
            col(Reward.release_at) <= now,
            or_(
                col(Reward.release_condition).is_(None),
                col(Reward.release_condition) != ON_REGISTER,
            ),
        )
        .limit(limit)
    )
    released = session.execute(
        update(Reward)
        .where(col(Reward.reward_id).in_(due))
        .values(state=RewardState.READY)
        .returning(col(Reward.reward_id))
    )
    return len(released.all())


def release_registered(session: Session, claim_ids: Sequence[int], *, at: datetime) -> int:
    """Let go of tranches whose trip the carpool register has confirmed; return how many.

    Their own holding time still runs to its end.
    """
    freed = session.execute(
        update(Reward)
        .where(
            col(Reward.claim_id).in_(claim_ids),
            col(Reward.state) == RewardState.HELD,
            col(Reward.release_condition) == ON_REGISTER,
        )
        .values(release_condition=None)
        .returning(col(Reward.reward_id))
    )
    count = len(freed.all())
    if count:
        release_due(session, at)
    return count


def release_kept(session: Session, reward: Reward, *, kept_units: int, at: datetime) -> None:
    """Release a locked, held tranche with what is kept of it; with nothing it is cancelled."""
    reward.state = RewardState.READY if kept_units else RewardState.CANCELLED
    reward.units = kept_units or reward.units
    reward.release_at = min(reward.release_at, at)
    session.add(reward)
    session.flush()


def hold_until(session: Session, reward: Reward, until: datetime) -> None:
    """Keep a locked, held tranche at least until then; a person looks at its weighing."""
    reward.release_at = max(reward.release_at, until)
    session.add(reward)
    session.flush()


def cancel(session: Session, reward: Reward) -> None:
    """Take back a locked tranche that no transaction holds."""
    reward.state = RewardState.CANCELLED
    session.add(reward)
    session.flush()


def restore(session: Session, reward: Reward, *, units: int, at: datetime) -> None:
    """Give a cancelled tranche back under its old id, which was never minted."""
    reward.state, reward.units, reward.release_at = RewardState.READY, units, at
    session.add(reward)
    session.flush()


def note_adjustment(
    session: Session, claim_id: int, *, kind: str, units: int, facts: dict[str, Any], at: datetime
) -> Adjustment:
    """Write what became of a reward after its receipt."""
    row = Adjustment(claim_id=claim_id, kind=kind, units=units, facts=facts, at=at)
    session.add(row)
    session.flush()
    return row


def put_in_batch(session: Session, recipients: Mapping[int, str], batch_id: str) -> int:
    """Tie ready rewards to a batch.

    Args:
        recipients: Reward id → address it is minted to.
    Returns:
        How many were still ready; the caller rolls back when it is fewer than asked.
    """
    count = 0
    for reward_id, address in recipients.items():
        taken = session.execute(
            update(Reward)
            .where(col(Reward.reward_id) == reward_id, col(Reward.state) == RewardState.READY)
            .values(state=RewardState.BATCHED, recipient=address, batch_id=batch_id)
            .returning(col(Reward.reward_id))
        )
        count += taken.scalar_one_or_none() is not None
    return count


def confirm(session: Session, batch_id: str, *, at: datetime) -> Sequence[Reward]:
    """Mark the rewards of a confirmed batch and return those that were not yet."""
    confirmed = session.execute(
        update(Reward)
        .where(col(Reward.batch_id) == batch_id, col(Reward.state) == RewardState.BATCHED)
        .values(state=RewardState.CONFIRMED, confirmed_at=at)
        .returning(Reward)
    )
    return confirmed.scalars().all()


def confirm_found(session: Session, reward_id: int, *, at: datetime) -> bool:
    """Confirm a reward that the chain holds although no batch of ours says so.

    Returns:
        False when it was confirmed before.
    """
    confirmed = session.execute(
        update(Reward)
        .where(
            col(Reward.reward_id) == reward_id,
            col(Reward.state).not_in((RewardState.CONFIRMED, RewardState.CANCELLED)),
        )
        .values(state=RewardState.CONFIRMED, confirmed_at=at)
        .returning(col(Reward.reward_id))
    )
    return confirmed.scalar_one_or_none() is not None


def return_to_queue(session: Session, batch_id: str) -> int:
    """Free the rewards of a batch that did not make it; their ids stay the same.

    Confirmed ones too: a reorganisation beyond what counted as final can drop a batch whose nonce
    another transaction then takes. They are minted again; the ledger has booked them already and
    books each once.
    """
    freed = session.execute(
        update(Reward)
        .where(
            col(Reward.batch_id) == batch_id,
            col(Reward.state).in_((RewardState.BATCHED, RewardState.CONFIRMED)),
        )
        .values(state=RewardState.READY, batch_id=None, recipient=None, confirmed_at=None)
        .returning(col(Reward.reward_id))
    )
    return len(freed.all())


def quarantine_batch(session: Session, batch_id: str) -> int:
    """Set the rewards of a refused batch aside for a person; return how many."""
    aside = session.execute(
        update(Reward)
        .where(col(Reward.batch_id) == batch_id, col(Reward.state) == RewardState.BATCHED)
        .values(state=RewardState.QUARANTINED, batch_id=None, recipient=None)
        .returning(col(Reward.reward_id))
    )
    return len(aside.all())


def quarantine(session: Session, reward_id: int) -> bool:
    """Set a reward aside that the contract refuses by itself; False when it is not ready."""
    aside = session.execute(
        update(Reward)
        .where(col(Reward.reward_id) == reward_id, col(Reward.state) == RewardState.READY)
        .values(state=RewardState.QUARANTINED)
        .returning(col(Reward.reward_id))
    )
    return aside.scalar_one_or_none() is not None


def release_from_quarantine(session: Session, reward_id: int) -> bool:
    """Put a reward back in the queue once its cause is gone; False when it is not aside."""
    freed = session.execute(
        update(Reward)
        .where(col(Reward.reward_id) == reward_id, col(Reward.state) == RewardState.QUARANTINED)
        .values(state=RewardState.READY)
        .returning(col(Reward.reward_id))
    )
    return freed.scalar_one_or_none() is not None


def move_to_account(session: Session, *, source_id: str, target_id: str) -> None:
    """Hand rewards and receipts of a merged account to the one that keeps them."""
    for table in (Reward, Receipt):
        session.execute(
            update(table).where(col(table.account_id) == source_id).values(account_id=target_id)
        )
