"""Writes of review: open a case, close it; flush, never commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from backend.review import queries
from backend.review.errors import AppealNotPossibleError, OwnCaseError, ReviewCaseNotFoundError
from backend.review.models import ReviewCase

DECIDED_WITHIN = timedelta(days=14)
APPEAL_WITHIN = timedelta(days=60)
"""Two months, as for a recourse against a decision (code de justice administrative, R. 421-1)."""
MAX_STATEMENT_CHARS = 2000


@dataclass(frozen=True, slots=True)
class About:
    """The claim that a case is about."""

    claim_id: int
    claim_public_id: str
    account_id: str


def open_doubt(
    session: Session, about: About, *, reasons: Sequence[dict[str, Any]], at: datetime
) -> ReviewCase:
    """Put a doubtful claim before a person."""
    return _open(session, about, cause="doubt", reasons=list(reasons), statement="", at=at)


def open_appeal(
    session: Session, about: About, *, statement: str, refused_at: datetime, at: datetime
) -> ReviewCase:
    """Put a refused claim before a person because its citizen asks for it, once.

    Raises:
        AppealNotPossibleError: It was appealed before, or the time is over.
    """
    if at - refused_at > APPEAL_WITHIN:
        raise AppealNotPossibleError("the two months for it are over")
    if any(case.cause == "appeal" for case in queries.cases_of(session, about.claim_id)):
        raise AppealNotPossibleError("it was appealed before, and that decision stands")
    text = statement.strip()[:MAX_STATEMENT_CHARS]
    return _open(session, about, cause="appeal", reasons=[], statement=text, at=at)


def close(
    session: Session,
    claim_public_id: str,
    *,
    is_accepted: bool,
    reviewer_id: str,
    reason_code: str,
    at: datetime,
) -> ReviewCase:
    """Decide an open case.

    Raises:
        ReviewCaseNotFoundError: No open case is about this claim.
        OwnCaseError: The reviewer is the citizen.
    """
    case = queries.open_case_of(session, claim_public_id)
    if case is None:
        raise ReviewCaseNotFoundError(claim_public_id)
    if case.account_id == reviewer_id:
        raise OwnCaseError
    case.state = "accepted" if is_accepted else "refused"
    case.decided_at, case.decided_by, case.reason_code = at, reviewer_id, reason_code
    session.add(case)
    session.flush()
    return case


def _open(
    session: Session,
    about: About,
    *,
    cause: str,
    reasons: list[dict[str, Any]],
    statement: str,
    at: datetime,
) -> ReviewCase:
    case = ReviewCase(
        claim_id=about.claim_id,
        claim_public_id=about.claim_public_id,
        account_id=about.account_id,
        cause=cause,
        reasons=reasons,
        statement=statement,
        opened_at=at,
        due_at=at + DECIDED_WITHIN,
    )
    session.add(case)
    session.flush()
    return case
