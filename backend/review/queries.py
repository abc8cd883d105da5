"""Reads of review."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.review.models import PhoneSeen, ReviewCase


def open_cases(
    session: Session, *, due_before: datetime | None = None, limit: int = 200
) -> Sequence[ReviewCase]:
    """Return open cases, the most urgent first.

    Args:
        due_before: Leaves out what still has time to settle by itself.
    """
    statement = select(ReviewCase).where(col(ReviewCase.state) == "open")
    if due_before is not None:
        statement = statement.where(col(ReviewCase.due_at) <= due_before)
    return session.exec(
        statement.order_by(col(ReviewCase.due_at), col(ReviewCase.id)).limit(limit)
    ).all()


def open_case_of(session: Session, claim_public_id: str) -> ReviewCase | None:
    """Lock and return the open case about a claim."""
    statement = select(ReviewCase).where(
        col(ReviewCase.claim_public_id) == claim_public_id, col(ReviewCase.state) == "open"
    )
    return session.exec(statement.with_for_update()).one_or_none()


def cases_of(session: Session, claim_id: int) -> Sequence[ReviewCase]:
    """Return all cases about a claim, oldest first: its trail."""
    statement = select(ReviewCase).where(col(ReviewCase.claim_id) == claim_id)
    return session.exec(statement.order_by(col(ReviewCase.id))).all()


def is_cleared(session: Session, claim_id: int) -> bool:
    """Tell whether a person accepted the claim, so that doubt does not hold it again."""
    statement = select(ReviewCase.id).where(
        col(ReviewCase.claim_id) == claim_id, col(ReviewCase.state) == "accepted"
    )
    return session.exec(statement).first() is not None


def accounts_on_phones_of(session: Session, account_id: str, *, since: datetime) -> int:
    """Return how many accounts share the busiest browser of an account, this one included."""
    own = select(PhoneSeen.phone_hash).where(
        col(PhoneSeen.account_id) == account_id, col(PhoneSeen.seen_at) > since
    )
    counts = (
        select(func.count())
        .where(col(PhoneSeen.phone_hash).in_(own), col(PhoneSeen.seen_at) > since)
        .group_by(col(PhoneSeen.phone_hash))
    )
    return max(session.exec(counts).all(), default=1)


def waiting_of(session: Session, account_id: str) -> Sequence[ReviewCase]:
    """Return an account's open cases of doubt, oldest first."""
    statement = select(ReviewCase).where(
        col(ReviewCase.account_id) == account_id,
        col(ReviewCase.state) == "open",
        col(ReviewCase.cause) == "doubt",
    )
    return session.exec(statement.order_by(col(ReviewCase.id))).all()
