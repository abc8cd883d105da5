"""Confirm rewards that the chain minted after the backup that this database came from."""

from datetime import datetime

from sqlmodel import Session, col, select

from backend.ledger import names
from backend.ledger import service as ledger
from backend.rewards import queries, service
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState


def unconfirmed(session: Session) -> list[int]:
    """Return the ids of rewards that this database does not know to be minted."""
    closed = (RewardState.CONFIRMED, RewardState.CANCELLED, RewardState.FORFEITED)
    statement = select(Reward.reward_id).where(col(Reward.state).not_in(closed))
    return list(session.exec(statement.order_by(col(Reward.reward_id))).all())


def confirm(session: Session, reward_id: int, *, now: datetime) -> bool:
    """Confirm one reward that the chain has consumed.

    Returns:
        False when it was confirmed before.
    Effects: reward CONFIRMED; ledger pending → confirmed.
    """
    reward = queries.by_reward_ids(session, [reward_id])[reward_id]
    if not service.confirm_found(session, reward_id, at=now):
        return False
    ledger.move(
        session,
        reference=f"reward/{reward_id}/confirmed",
        kind="reward_confirmed",
        source=names.pending(reward.account_id),
        target=names.confirmed(reward.account_id),
        units=reward.units,
        at=now,
    )
    return True
