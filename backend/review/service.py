"""Writes of review: open a case, close it; flush, never commit."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.db.upsert import insert_or_skip
from backend.review import queries
from backend.review.errors import AppealNotPossibleError, OwnCaseError, ReviewCaseNotFoundError
from backend.review.models import PhoneSeen, ReviewCase

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
    session: Session,
    about: About,
    *,
    reasons: Sequence[dict[str, Any]],
    at: datetime,
    within: timedelta = DECIDED_WITHIN,
) -> ReviewCase:
    """Put a doubtful claim before a person.

    Args:
        within: Until when it is decided; longer where later acts may settle it.
    """
    case = _open(session, about, cause="doubt", reasons=list(reasons), statement="", at=at)
    case.due_at = at + within
    return case


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


def note_taken_back(
    session: Session, about: About, *, reviewer_id: str, reason_code: str, at: datetime
) -> ReviewCase:
    """Put into the trail that a person took a pending reward back.

    Raises:
        OwnCaseError: The reviewer is the citizen.
    """
    if about.account_id == reviewer_id:
        raise OwnCaseError
    reasons = [{"code": "taken_back", "facts": {}}]
    case = _open(session, about, cause="doubt", reasons=reasons, statement="", at=at)
    case.state = "refused"
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


def note_phone(session: Session, phone: str, account_id: str, *, at: datetime) -> None:
    """Remember that an account opened a session in a browser.

    Args:
        phone: The random number in the browser's cookie; only its hash is kept.
    """
    phone_hash = hashlib.sha256(phone.encode()).hexdigest()
    insert_or_skip(session, PhoneSeen(phone_hash=phone_hash, account_id=account_id, seen_at=at))
    session.execute(
        update(PhoneSeen)
        .where(col(PhoneSeen.phone_hash) == phone_hash, col(PhoneSeen.account_id) == account_id)
        .values(seen_at=at)
    )


def forget_phones(session: Session, *, before: datetime) -> int:
    """Delete what was seen of browsers before an instant; return how many rows."""
    gone = session.execute(
        delete(PhoneSeen)
        .where(col(PhoneSeen.seen_at) < before)
        .returning(col(PhoneSeen.phone_hash))
    )
    return len(gone.all())
