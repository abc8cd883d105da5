"""How much work waits, and for how long: the figures behind alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func
from sqlmodel import Session, SQLModel, col, select

from backend.accounts.models import AccountAddress
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.batches.models import Batch
from backend.batches.rules import OPEN_STATES, BatchState
from backend.books.models import Orphan
from backend.books.rules import OrphanKind
from backend.db.outbox import OutboxMessage
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState


@dataclass(frozen=True)
class Queue:
    """Work of one kind that waits.

    Attributes:
        count: How many pieces.
        oldest_s: Age of the oldest in whole seconds, 0 when nothing waits.
    """

    count: int
    oldest_s: int


@dataclass(frozen=True)
class Measures:
    """What waits at one instant.

    Attributes:
        queues: Stage of a point's life → what waits before it.
        batches_by_state: Every batch ever made, by state.
        missing_nonces: Numbers skipped between the nonces of one sender; never above 0.
        orphan_mints: Mints on chain that nobody has explained.
        orphan_movements: Payments, refunds and burns on chain that no row explains.
        mails_buried: Effects given up after the last try.
        quarantined: Rewards set aside because the chain refuses them.
    """

    queues: Mapping[str, Queue]
    batches_by_state: Mapping[str, int]
    missing_nonces: int
    orphan_mints: int
    orphan_movements: int
    mails_buried: int
    quarantined: int


def measure(session: Session, *, now: datetime) -> Measures:
    """Count what waits; a handful of indexed queries, cheap enough for every scrape."""
    # Points of somebody who has not signed up wait for a person, not for us.
    has_address = exists().where(col(AccountAddress.account_id) == col(Reward.account_id))
    pending = _queue(session, Claim.received_at, col(Claim.state) == ClaimState.PENDING, now)
    ready = _queue(
        session,
        Reward.release_at,
        (col(Reward.state) == RewardState.READY) & has_address,
        now,
    )
    sending = _queue(session, Batch.created_at, col(Batch.state).in_(OPEN_STATES), now)
    is_waiting = col(OutboxMessage.state) == "waiting"
    effects = _queue(session, OutboxMessage.not_before, is_waiting, now)
    is_open, is_mint = col(Orphan.adopted_at).is_(None), col(Orphan.kind) == OrphanKind.MINT
    return Measures(
        queues={"verdict": pending, "mint": ready, "chain": sending, "outbox": effects},
        batches_by_state=_batches_by_state(session),
        missing_nonces=_missing_nonces(session),
        orphan_mints=_count(session, Orphan, is_open & is_mint),
        orphan_movements=_count(session, Orphan, is_open & ~is_mint),
        mails_buried=_count(session, OutboxMessage, col(OutboxMessage.state) == "buried"),
        quarantined=_count(session, Reward, col(Reward.state) == RewardState.QUARANTINED),
    )


def _queue(
    session: Session,
    since: Any,  # noqa: ANN401 - a mapped column, which SQLModel types as its value
    is_waiting: ColumnElement[bool],
    now: datetime,
) -> Queue:
    count, oldest = session.execute(
        select(func.count(), func.min(since)).select_from(since.class_).where(is_waiting)
    ).one()
    age_s = int((now - oldest).total_seconds()) if oldest is not None else 0
    return Queue(count=count, oldest_s=max(age_s, 0))


def _count(session: Session, table: type[SQLModel], condition: ColumnElement[bool]) -> int:
    counted = session.execute(select(func.count()).select_from(table).where(condition))
    return int(counted.scalar_one())


def _batches_by_state(session: Session) -> Mapping[str, int]:
    rows = session.execute(select(col(Batch.state), func.count()).group_by(col(Batch.state)))
    found = {str(state): count for state, count in rows}
    # Every state is named, so that an alert on one does not wait for its first batch.
    return {str(state): found.get(state, 0) for state in BatchState}


def _missing_nonces(session: Session) -> int:
    spans = session.execute(
        select(func.max(Batch.nonce) - func.min(Batch.nonce) + 1 - func.count()).group_by(
            col(Batch.genesis_hash), col(Batch.sender)
        )
    ).scalars()
    return sum(int(missing) for missing in spans)
