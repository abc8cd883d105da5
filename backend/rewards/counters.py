"""Counters of caps and budgets: locked in the order of their keys, moved by what is paid."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_all_or_skip
from backend.rewards.models import Counter


def lock(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """Create and lock counters in the order of their keys, and return what is used of each.

    Two verdicts that share a counter wait for each other here, so a cap cannot be
    passed by both (I-6).
    """
    if not keys:
        return {}
    insert_all_or_skip(session, Counter, [{"key": key, "used": 0} for key in keys])
    statement = select(Counter.key, Counter.used).where(col(Counter.key).in_(keys))
    rows = session.exec(statement.order_by(col(Counter.key)).with_for_update()).all()
    return dict(rows)


def move(session: Session, moves: Mapping[str, int]) -> None:
    """Add to locked counters what was paid."""
    if not moves:
        return
    statement = (
        update(Counter)
        .where(col(Counter.key) == bindparam("of"))
        .values(used=Counter.used + bindparam("delta"))
    )
    session.connection().execute(
        statement, [{"of": key, "delta": delta} for key, delta in moves.items()]
    )


def give_back(session: Session, moves: Mapping[str, int]) -> None:
    """Lower counters by what was taken back, in lock order; none falls below zero."""
    for key in sorted(key for key, delta in moves.items() if delta > 0):
        used = session.exec(
            select(Counter.used).where(col(Counter.key) == key).with_for_update()
        ).one_or_none()
        if used is not None:
            lower = update(Counter).where(col(Counter.key) == key)
            session.execute(lower.values(used=max(0, used - moves[key])))
