"""Reads of rewards."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.rewards.models import Adjustment, Receipt, Reward
from backend.rewards.rules import ON_MASS_BALANCE, STILL_HERE, RewardState


def receipt_of(session: Session, claim_id: int) -> Receipt | None:
    """Return the receipt of a claim, `None` before its verdict."""
    return session.get(Receipt, claim_id)


def of_claim(session: Session, claim_id: int) -> Sequence[Reward]:
    """Return the tranches of a claim's reward in order."""
    statement = select(Reward).where(col(Reward.claim_id) == claim_id)
    return session.exec(statement.order_by(col(Reward.tranche))).all()


def of_batch(session: Session, batch_id: str) -> Sequence[Reward]:
    """Return the rewards of a batch."""
    return session.exec(select(Reward).where(col(Reward.batch_id) == batch_id)).all()


def leaves_of(session: Session, claim_ids: Sequence[int]) -> dict[int, bytes]:
    """Return claim id → receipt leaf."""
    statement = select(Receipt.claim_id, Receipt.leaf).where(col(Receipt.claim_id).in_(claim_ids))
    return {claim_id: bytes.fromhex(leaf) for claim_id, leaf in session.exec(statement).all()}


def by_reward_ids(session: Session, reward_ids: Sequence[int]) -> dict[int, Reward]:
    """Return reward id → reward, for those that exist."""
    statement = select(Reward).where(col(Reward.reward_id).in_(reward_ids))
    return {reward.reward_id: reward for reward in session.exec(statement).all()}


def units_by_state(session: Session) -> dict[str, int]:
    """Return the units that stand in each state."""
    statement = select(Reward.state, func.sum(Reward.units)).group_by(col(Reward.state))
    return {state: int(units) for state, units in session.exec(statement).all()}


def held_units(session: Session, account_id: str) -> int:
    """Return the units of an account that are granted and still held back."""
    statement = select(func.coalesce(func.sum(Reward.units), 0)).where(
        col(Reward.account_id) == account_id, col(Reward.state) == RewardState.HELD
    )
    return int(session.exec(statement).one())


def receipts_of(session: Session, claim_ids: Sequence[int]) -> dict[int, Receipt]:
    """Return claim id → receipt, for the claims that have one."""
    statement = select(Receipt).where(col(Receipt.claim_id).in_(claim_ids))
    return {receipt.claim_id: receipt for receipt in session.exec(statement).all()}


def of_claims(session: Session, claim_ids: Sequence[int]) -> dict[int, list[Reward]]:
    """Return claim id → its tranches in order, for the claims that earned something."""
    statement = select(Reward).where(col(Reward.claim_id).in_(claim_ids))
    found: dict[int, list[Reward]] = {}
    for reward in session.exec(statement.order_by(col(Reward.claim_id), col(Reward.tranche))):
        found.setdefault(reward.claim_id, []).append(reward)
    return found


def earned_since(
    session: Session, account_ids: Sequence[str], since: datetime
) -> dict[str, tuple[int, int]]:
    """Return account id → how many acts earned something since an instant, and their units."""
    statement = (
        select(Receipt.account_id, func.count(), func.sum(Receipt.units))
        .where(
            col(Receipt.account_id).in_(account_ids),
            col(Receipt.created_at) >= since,
            col(Receipt.units) > 0,
        )
        .group_by(col(Receipt.account_id))
    )
    return {account: (int(n), int(units)) for account, n, units in session.exec(statement).all()}


def waiting(session: Session) -> tuple[int, datetime | None]:
    """Return how many tranches are on their way to the chain, and since when the oldest is due."""
    statement = select(func.count(), func.min(Reward.release_at)).where(
        col(Reward.state).in_((RewardState.READY, RewardState.BATCHED))
    )
    count, oldest = session.exec(statement).one()
    return int(count), oldest


def quarantined(session: Session, *, limit: int = 500) -> Sequence[int]:
    """Return the ids of rewards that were set aside, oldest first."""
    statement = select(Reward.reward_id).where(col(Reward.state) == RewardState.QUARANTINED)
    return session.exec(statement.order_by(col(Reward.granted_at)).limit(limit)).all()


def adjustments_of(session: Session, claim_ids: Sequence[int]) -> dict[int, list[Adjustment]]:
    """Return claim id → what became of its reward after the receipt, oldest first."""
    statement = select(Adjustment).where(col(Adjustment.claim_id).in_(claim_ids))
    found: dict[int, list[Adjustment]] = {}
    for row in session.exec(statement.order_by(col(Adjustment.id))):
        found.setdefault(row.claim_id, []).append(row)
    return found


def lock_waiting_for_mass(session: Session, claim_ids: Sequence[int]) -> Sequence[Reward]:
    """Lock and return the tranches of these claims that wait for a weighing, by id."""
    statement = select(Reward).where(
        col(Reward.claim_id).in_(claim_ids),
        col(Reward.state) == RewardState.HELD,
        col(Reward.release_condition) == ON_MASS_BALANCE,
    )
    return session.exec(statement.order_by(col(Reward.reward_id)).with_for_update()).all()


def lock_still_here(session: Session, claim_id: int) -> Sequence[Reward]:
    """Lock and return the tranches of a claim that no transaction holds yet."""
    statement = select(Reward).where(
        col(Reward.claim_id) == claim_id, col(Reward.state).in_(STILL_HERE)
    )
    return session.exec(statement.order_by(col(Reward.reward_id)).with_for_update()).all()


def lock_cancelled(session: Session, claim_id: int) -> Sequence[Reward]:
    """Lock and return the tranches of a claim that were taken back."""
    statement = select(Reward).where(
        col(Reward.claim_id) == claim_id, col(Reward.state) == RewardState.CANCELLED
    )
    return session.exec(statement.order_by(col(Reward.reward_id)).with_for_update()).all()


def beyond_reach(session: Session, claim_id: int) -> int:
    """Return the units of a claim that are minted, or in a transaction that may mint them."""
    statement = select(func.coalesce(func.sum(Reward.units), 0)).where(
        col(Reward.claim_id) == claim_id,
        col(Reward.state).in_((RewardState.BATCHED, RewardState.CONFIRMED)),
    )
    return int(session.exec(statement).one())
