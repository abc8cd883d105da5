"""A phone's anonymous points join the account that its owner has already."""

from datetime import datetime

from sqlmodel import Session

from backend.actions import service as actions
from backend.db import event_log
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.market import service as market
from backend.rewards import service as rewards
from backend.trips import service as trips


def merge(session: Session, *, source_id: str, target_id: str, now: datetime) -> None:
    """Move claims, rewards, payments and points of one account to another.

    Args:
        source_id: The anonymous account of the phone; it has no address, so
            nothing of it is on chain yet.
        target_id: The account that keeps everything.
    Effects: rows change owner, the three balances move, one event.
    """
    actions.move_to_account(session, source_id=source_id, target_id=target_id)
    rewards.move_to_account(session, source_id=source_id, target_id=target_id)
    market.move_to_account(session, source_id=source_id, target_id=target_id)
    trips.move_to_account(session, source_id=source_id, target_id=target_id)
    for name_of in (names.pending, names.confirmed, names.in_flight):
        units = ledger_queries.balance(session, name_of(source_id))
        if units:
            ledger.move(
                session,
                reference=f"merge/{source_id}/{name_of(target_id)}",
                kind="account_merged",
                source=name_of(source_id),
                target=name_of(target_id),
                units=units,
                at=now,
            )
    event_log.append(session, kind="account_merged", subject=target_id, audience=target_id, at=now)
