"""Reads of the exchange with partner schemes."""

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from backend.partners.models import Nullifier


def has_theirs(session: Session, partner_number: int, nullifiers: Collection[str]) -> bool:
    """Tell whether a partner has paid a trip that bears one of these pseudonyms."""
    statement = (
        select(Nullifier.id)
        .where(
            col(Nullifier.partner_number) == partner_number,
            col(Nullifier.direction) == "theirs",
            col(Nullifier.nullifier).in_(sorted(nullifiers)),
        )
        .limit(1)
    )
    return session.exec(statement).first() is not None


def ours_after(
    session: Session, partner_number: int, after: int, *, limit: int
) -> Sequence[Nullifier]:
    """Return what we have paid, for one partner, in order, from a place in it on."""
    statement = select(Nullifier).where(
        col(Nullifier.partner_number) == partner_number,
        col(Nullifier.direction) == "ours",
        col(Nullifier.id) > after,
    )
    return session.exec(statement.order_by(col(Nullifier.id)).limit(limit)).all()
