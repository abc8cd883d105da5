"""Take what no row of ours explains into the books, on the word of two people."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.actions import queries as action_queries
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.errors import AddressesMissingError, ClaimUndecidedError
from backend.books.models import Orphan
from backend.books.rules import OrphanKind
from backend.db import event_log
from backend.kernel.ids import unpack_reward_id
from backend.ledger import names
from backend.ledger import service as ledger
from backend.rewards import queries as reward_queries
from backend.rewards import service as rewards
from backend.rewards.models import Reward
from backend.workflows import adopt_movement


def adopt(
    session: Session, *, tx_hash: str, by: str, rate_micro_cents_per_unit: int, now: datetime
) -> int:
    """Book an orphan as what it is on chain.

    Of a mint, a credit whose reward stands in our books (after a restore) confirms that
    reward; any other one is booked from issuance to its recipient, or to the account of
    foreign addresses when nobody here owns the address. Payments, refunds and burns get their
    rows again (`adopt_movement`).

    Args:
        rate_micro_cents_per_unit: What a merchant is paid per burned unit.
    Returns:
        How many credits, payments, refunds or burns were booked.
    Raises:
        NotFoundError, AdoptionNeedsTwoError: See books.service.adopt.
        ClaimUndecidedError: A claim that a mint pays for has no verdict here.
        AddressesMissingError: The jobs have not asked for every address yet.
        UnitsInsufficientError: An older orphan has to be adopted first.
    Effects: orphan adopted; rows and ledger follow; one staff event.
    """
    orphan = books.adopt(session, tx_hash, by=by, at=now)
    restored_at = book_queries.last_restored_at(session)
    if restored_at is not None and account_queries.is_address_missing(
        session, genesis_hash=orphan.genesis_hash, created_until=restored_at
    ):
        # Points of an address that is asked for right now would be booked as a stranger's.
        raise AddressesMissingError
    match OrphanKind(orphan.kind):
        case OrphanKind.MINT:
            _mint(session, orphan, now)
        case OrphanKind.SPEND:
            adopt_movement.spends(session, orphan, now)
        case OrphanKind.REFUND:
            adopt_movement.refunds(session, orphan, now)
        case OrphanKind.CASH_OUT:
            adopt_movement.cash_outs(session, orphan, rate_micro_cents_per_unit, now=now)
    event_log.append(
        session,
        kind="orphan_adopted",
        subject=tx_hash,
        audience=event_log.STAFF,
        at=now,
        units=orphan.units,
    )
    return len(orphan.items)


def _mint(session: Session, orphan: Orphan, now: datetime) -> None:
    known = reward_queries.by_reward_ids(
        session, [item["reward_id"] for item in orphan.items if item["reward_id"] is not None]
    )
    _require_decided(session, [item["reward_id"] for item in orphan.items], known)
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
            reference=f"orphan/{orphan.tx_hash}/{position}",
            kind="orphan_adopted",
            source=source,
            target=target,
            units=item["units"],
            at=now,
        )


def _require_decided(
    session: Session, reward_ids: Sequence[int | None], known: Mapping[int, Reward]
) -> None:
    # Accepted later, the claim would book the same points under the same id once more.
    counters: dict[int, list[int]] = defaultdict(list)
    for reward_id in reward_ids:
        if reward_id is not None and reward_id not in known:
            _, incarnation, counter = unpack_reward_id(reward_id)
            counters[incarnation].append(counter)
    for incarnation, numbers in counters.items():
        for claim_id in action_queries.undecided(
            session, incarnation=incarnation, counters=numbers
        ):
            raise ClaimUndecidedError(claim_id)
