"""Which rewards can be minted now, and to which address."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from backend.accounts.models import Account, AccountAddress
from backend.accounts.rules import AccountState
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState


class Mintable(NamedTuple):
    """A ready reward whose owner has an address."""

    reward: Reward
    address: str


def mintable(session: Session, *, genesis_hash: str, limit: int) -> list[Mintable]:
    """Return ready rewards with their owner's current address, by edition, oldest first.

    Rewards of people who have not signed up are not among them, nor those of frozen accounts:
    they wait, and an account that is given back is minted what it was granted.
    """
    # The newest address receives; older ones are spent first and never topped up.
    newer = aliased(AccountAddress)
    has_newer = (
        select(newer.address)
        .where(
            newer.account_id == AccountAddress.account_id,
            newer.genesis_hash == AccountAddress.genesis_hash,
            newer.index > AccountAddress.index,
            newer.state == "active",
        )
        .exists()
    )
    statement = (
        select(Reward, AccountAddress.address)
        .join(AccountAddress, col(AccountAddress.account_id) == col(Reward.account_id))
        .where(
            col(Reward.state) == RewardState.READY,
            col(AccountAddress.genesis_hash) == genesis_hash,
            col(AccountAddress.state) == "active",
            ~has_newer,
            ~_is_frozen(),
        )
        .order_by(col(Reward.edition_number), col(Reward.granted_at), col(Reward.reward_id))
        .limit(limit)
    )
    return [Mintable(reward, address) for reward, address in session.exec(statement).all()]


def has_frozen(session: Session, reward_ids: Collection[int]) -> bool:
    """Tell whether one of these rewards belongs to an account that was frozen meanwhile."""
    statement = select(Reward.reward_id).where(col(Reward.reward_id).in_(reward_ids), _is_frozen())
    return session.exec(statement.limit(1)).first() is not None


def _is_frozen() -> ColumnElement[bool]:
    owner = select(Account.id).where(
        col(Account.id) == Reward.account_id, col(Account.state) == AccountState.FROZEN
    )
    return owner.exists()
