"""Which rewards can be minted now, and to which address."""

from typing import NamedTuple

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from backend.accounts.models import AccountAddress
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState


class Mintable(NamedTuple):
    """A ready reward whose owner has an address."""

    reward: Reward
    address: str


def mintable(session: Session, *, genesis_hash: str, limit: int) -> list[Mintable]:
    """Return ready rewards with their owner's current address, by edition, oldest first.

    Rewards of people who have not signed up are not among them; they wait.
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
        )
        .order_by(col(Reward.edition_number), col(Reward.granted_at), col(Reward.reward_id))
        .limit(limit)
    )
    return [Mintable(reward, address) for reward, address in session.exec(statement).all()]
