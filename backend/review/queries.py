"""Reads of review."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from backend.review.models import ReviewCase


def open_cases(session: Session, *, limit: int = 200) -> Sequence[ReviewCase]:
    """Return open cases, the most urgent first."""
    statement = select(ReviewCase).where(col(ReviewCase.state) == "open")
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
