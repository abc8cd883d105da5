"""Points that somebody earned without an account wait a week for it; then they go back."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from backend.accounts.models import Account
from backend.accounts.rules import AccountState
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.workflows import adjust

KEPT = timedelta(days=7)
"""From the verdict on. Long enough for a week-end without the phone at hand; without an end the
budget would fill with points that nobody can ever spend."""
_WAITING = (RewardState.HELD, RewardState.READY)


def expire(session: Session, *, now: datetime, limit: int = 200) -> int:
    """Take back what nobody signed up for in time; return how many acts it was.

    Effects: as `adjust.take_back`: the receipt says why, caps and budget have the room again.
    """
    overdue = (
        select(Reward.claim_id)
        .join(Account, col(Account.id) == col(Reward.account_id))
        .where(
            col(Account.state) == AccountState.ANONYMOUS,
            col(Reward.state).in_(_WAITING),
            col(Reward.granted_at) <= now - KEPT,
        )
        .distinct()
        .limit(limit)
    )
    claim_ids = session.exec(overdue).all()
    for claim_id in claim_ids:
        adjust.take_back(session, claim_id, reason_code="no_account", now=now)
    return len(claim_ids)


def kept_until(session: Session, account_id: str) -> datetime | None:
    """Return when the oldest points of an anonymous account go back, `None` without any."""
    oldest = (
        select(Reward.granted_at)
        .where(col(Reward.account_id) == account_id, col(Reward.state).in_(_WAITING))
        .order_by(col(Reward.granted_at))
        .limit(1)
    )
    granted_at = session.exec(oldest).one_or_none()
    return granted_at + KEPT if granted_at is not None else None
