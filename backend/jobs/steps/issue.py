"""Mint batches: ready rewards of one edition become one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.books import queries as book_queries
from backend.books.errors import IssuanceStoppedError
from backend.chain.errors import CallRevertedError
from backend.jobs.context import Context
from backend.jobs.each import each
from backend.jobs.reserve import reserve
from backend.jobs.steps import editions, poison
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.rewards.models import Reward
from backend.rewards.rules import merkle_root, mint_word
from backend.workflows.mintable import Mintable, has_frozen, mintable


@dataclass(frozen=True)
class Mint:
    """The content of one mint batch, in the order of its words."""

    edition_number: int
    rewards: tuple[Reward, ...]
    recipients: dict[int, str]
    leaves: tuple[bytes, ...]


def reserve_mints(context: Context) -> bool:
    """Reserve one mint batch per edition when rewards have lingered long enough.

    Raises:
        IssuanceStoppedError: Somebody else minted and nobody has explained it yet.
    """
    with context.database.reading() as session:
        orphans = book_queries.unexplained_mints(session, context.genesis_hash)
    if orphans:
        raise IssuanceStoppedError(len(orphans))
    return each(_due(context), partial(_reserve, context))


def _reserve(context: Context, mint: Mint) -> bool:
    editions.require_known(context, mint.edition_number)
    words = [_word(mint, reward) for reward in mint.rewards]
    try:
        batch = reserve(
            context,
            kind=BatchKind.MINT,
            key_label="minter",
            contract="RewardIssuer",
            calldata=context.contracts.issue(mint.edition_number, merkle_root(mint.leaves), words),
            attach=_Attach({r.reward_id: mint.recipients[r.reward_id] for r in mint.rewards}),
            item_count=len(words),
            edition_number=mint.edition_number,
        )
    except CallRevertedError as error:
        items = [(r.reward_id, word) for r, word in zip(mint.rewards, words, strict=True)]
        if poison.is_poison(context, error):
            return poison.quarantine_poison(context, mint.edition_number, items) > 0
        if poison.is_too_large(context, error) and len(words) > 1:
            return _reserve(context, _first_half(mint))
        raise
    return batch is not None


def _first_half(mint: Mint) -> Mint:
    half = len(mint.rewards) // 2
    return replace(mint, rewards=mint.rewards[:half], leaves=mint.leaves[:half])


def _word(mint: Mint, reward: Reward) -> bytes:
    address = mint.recipients[reward.reward_id]
    return mint_word(address=address, reward_id=reward.reward_id, units=reward.units)


@dataclass(frozen=True)
class _Attach:
    recipients: dict[int, str]

    def __call__(self, session: Session, batch: Batch) -> bool:
        if has_frozen(session, self.recipients):
            # Frozen since the batch was drawn up: the next one is drawn up without it.
            return False
        # Somebody may have moved to an own wallet since the recipients were read.
        addresses = set(self.recipients.values())
        if account_queries.active_addresses(session, addresses) != addresses:
            return False
        taken = rewards.put_in_batch(session, self.recipients, batch.id)
        return taken == len(self.recipients)


def _due(context: Context) -> list[Mint]:
    now = context.clock.now()
    limit = context.batch_max_items
    with context.database.reading() as session:
        found = mintable(session, genesis_hash=context.genesis_hash, limit=limit * 4)
        mints = []
        for edition_number, group in groupby(found, key=lambda item: item.reward.edition_number):
            items = list(group)[:limit]
            oldest = min(item.reward.granted_at for item in items)
            if len(items) == limit or oldest + context.linger <= now:
                mints.append(_mint(session, edition_number, items))
    return mints


def _mint(session: Session, edition_number: int, items: Sequence[Mintable]) -> Mint:
    # Ids of one bitmap word stay together (one storage write), and inside it the
    # rewards of one person, which the token nets into one balance write.
    ordered = sorted(items, key=lambda i: (i.reward.reward_id >> 8, i.address, i.reward.reward_id))
    leaves = reward_queries.leaves_of(session, [item.reward.claim_id for item in ordered])
    return Mint(
        edition_number=edition_number,
        rewards=tuple(item.reward for item in ordered),
        recipients={item.reward.reward_id: item.address for item in ordered},
        leaves=tuple(leaves[item.reward.claim_id] for item in ordered),
    )
