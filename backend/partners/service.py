"""Writes of the exchange with partner schemes."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete
from sqlmodel import Session, col

from backend.db.upsert import insert_or_skip
from backend.partners.models import Nullifier

KEPT_FOR = timedelta(days=60)
"""A trip can be claimed for days, and withdrawn for weeks; after that nobody compares it."""

Direction = Literal["ours", "theirs"]


def store(
    session: Session,
    partner_number: int,
    nullifiers: Iterable[str],
    *,
    direction: Direction,
    at: datetime,
) -> int:
    """Store pseudonyms of paid trips; return how many were new."""
    rows = (
        Nullifier(partner_number=partner_number, direction=direction, nullifier=one, at=at)
        for one in sorted(nullifiers)
    )
    return sum(insert_or_skip(session, row) is not None for row in rows)


def forget(session: Session, *, now: datetime) -> int:
    """Delete pseudonyms that nobody compares any more; return how many."""
    done = session.execute(
        delete(Nullifier).where(col(Nullifier.at) < now - KEPT_FOR).returning(col(Nullifier.id))
    )
    return len(done.all())
