"""Take a mint that no attempt of ours explains into the books, on the word of two people."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.books import service as books
from backend.db import event_log
from backend.ledger import names
from backend.ledger import service as ledger
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards


def adopt(session: Session, *, tx_hash: str, by: str, now: datetime) -> int:
    """Book an orphan mint as what it is on chain.

    A credit whose reward stands in our books (after a restore) confirms that reward;
    any other one is booked from issuance to its recipient, or to the account of
    foreign addresses when nobody here owns the address.

    Returns:
        How many credits were booked.
    Raises:
        NotFoundError, AdoptionNeedsTwoError: See books.service.adopt.
    Effects: orphan adopted; rewards CONFIRMED; ledger; one staff event.
    """
    orphan = books.adopt(session, tx_hash, by=by, at=now)
    known = reward_queries.by_reward_ids(
        session, [item["reward_id"] for item in orphan.items if item["reward_id"] is not None]
    )
    for position, item in enumerate(orphan.items):
        reward = known.get(item["reward_id"])
        if reward is not None and rewards.confirm_found(session, reward.reward_id, at=now):
            source = names.pending(reward.account_id)
            target = names.confirmed(reward.account_id)
        elif reward is not None:
            continue
        else:
            owner = account_queries.owner_of_address(
                session, item["address"], genesis_hash=orphan.genesis_hash
            )
            source = names.ISSUANCE
            target = names.confirmed(owner) if owner else names.FOREIGN
        ledger.move(
            session,
            reference=f"orphan/{tx_hash}/{position}",
            kind="orphan_adopted",
            source=source,
            target=target,
            units=item["units"],
            at=now,
        )
    event_log.append(
        session,
        kind="orphan_adopted",
        subject=tx_hash,
        audience=event_log.STAFF,
        at=now,
        units=orphan.units,
    )
    return len(orphan.items)
