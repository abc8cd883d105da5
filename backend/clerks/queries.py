"""Reads of clerks."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from backend.clerks.models import Clerk, ShopTill
from backend.clerks.rules import ClerkState, till_id


def clerk(session: Session, clerk_id: str) -> Clerk | None:
    """Return one clerk."""
    return session.get(Clerk, clerk_id)


def of_account(session: Session, account_id: str) -> Clerk | None:
    """Return the clerk behind an account, revoked ones included."""
    return session.exec(select(Clerk).where(col(Clerk.account_id) == account_id)).one_or_none()


def of_merchant(session: Session, merchant_id: str) -> Sequence[Clerk]:
    """Return a shop's clerks by name, revoked ones last."""
    statement = select(Clerk).where(col(Clerk.merchant_id) == merchant_id)
    return session.exec(statement.order_by(col(Clerk.state), col(Clerk.name))).all()


def names_of(session: Session, merchant_id: str) -> dict[str, str]:
    """Return account → name of a shop's clerks, revoked ones included."""
    return {clerk.account_id: clerk.name for clerk in of_merchant(session, merchant_id)}


def active_of(session: Session, merchant_id: str) -> Sequence[Clerk]:
    """Return the clerks who may sign in at a shop's till, by name."""
    found = of_merchant(session, merchant_id)
    return [clerk for clerk in found if clerk.state == ClerkState.ACTIVE]


def till(session: Session, token: str, now: datetime) -> ShopTill | None:
    """Return the open till that a cookie speaks for."""
    found = session.get(ShopTill, till_id(token))
    is_open = found is not None and found.closed_at is None and found.expires_at > now
    return found if is_open else None


def tills_of(session: Session, merchant_id: str, now: datetime) -> Sequence[ShopTill]:
    """Return a shop's open tills, newest first."""
    statement = select(ShopTill).where(
        col(ShopTill.merchant_id) == merchant_id,
        col(ShopTill.closed_at).is_(None),
        col(ShopTill.expires_at) > now,
    )
    return session.exec(statement.order_by(col(ShopTill.opened_at).desc())).all()


def all_tills_of(session: Session, merchant_id: str) -> Sequence[ShopTill]:
    """Return every browser that was ever a shop's till, oldest first."""
    statement = select(ShopTill).where(col(ShopTill.merchant_id) == merchant_id)
    return session.exec(statement.order_by(col(ShopTill.opened_at))).all()
