"""Freeze an account with four eyes, tell its person, give it back."""

from datetime import datetime

from sqlmodel import Session

from backend.accounts import queries as account_queries
from backend.accounts import service as accounts
from backend.accounts.rules import AccountState
from backend.actions import queries as action_queries
from backend.db import event_log
from backend.freezes import queries as freeze_queries
from backend.freezes import rules
from backend.freezes import service as freezes
from backend.freezes.errors import FreezeNotPossibleError
from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeReason
from backend.freezes.service import Subject
from backend.kernel.errors import NotFoundError
from backend.workflows import notices

BY_TIME = "jobs"
FREEZABLE = (AccountState.ACTIVE, AccountState.ANONYMOUS)


def request(
    session: Session,
    claim_public_id: str,
    *,
    reason: FreezeReason,
    note: str,
    by: str,
    now: datetime,
) -> Freeze:
    """Ask to freeze the account behind an act.

    Raises:
        NotFoundError: No such claim.
        FreezeNotPossibleError: The account cannot be frozen, or is already.
        OtherPersonNeededError: It is one's own account.
    Effects: one request; the account works as before.
    """
    claim = action_queries.by_public_id(session, claim_public_id)
    if claim is None:
        raise NotFoundError("claim", claim_public_id)
    account = account_queries.get(session, claim.account_id)
    if account is None or account.state not in FREEZABLE:
        raise FreezeNotPossibleError("it is closed or frozen")
    subject = Subject(account.id, account.state, claim_public_id)
    row = freezes.request(session, subject, reason=reason, note=note, by=by, at=now)
    _log(session, "freeze_requested", row, event_log.STAFF, now)
    return row


def answer(session: Session, freeze_id: int, *, agrees: bool, by: str, now: datetime) -> Freeze:
    """Be the second person.

    Raises:
        FreezeNotFoundError, OtherPersonNeededError: As in `freezes.service.answer`.
    Effects: when agreed, the account can neither earn nor spend; its person gets a mail.
    """
    row = freezes.answer(session, freeze_id, agrees=agrees, by=by, at=now)
    if agrees:
        accounts.set_state(session, row.account_id, AccountState.FROZEN)
        _log(session, "account_frozen", row, row.account_id, now)
        _tell(session, row, "account_frozen", now)
    return row


def appeal(session: Session, account_id: str, *, statement: str, now: datetime) -> Freeze:
    """Let the citizen appeal.

    Raises:
        FreezeNotPossibleError: As in `freezes.service.appeal`.
    """
    row = freezes.appeal(session, account_id, statement=statement, at=now)
    _log(session, "freeze_appealed", row, event_log.STAFF, now)
    return row


def uphold(session: Session, freeze_id: int, *, by: str, now: datetime) -> Freeze:
    """Decide an appeal against the citizen, as a third person; its person gets a mail.

    Raises:
        FreezeNotFoundError, OtherPersonNeededError: As in `freezes.service.uphold`.
    """
    row = freezes.uphold(session, freeze_id, by=by, at=now)
    _log(session, "freeze_upheld", row, row.account_id, now)
    _tell(session, row, "freeze_upheld", now)
    return row


def lift(session: Session, freeze_id: int, *, by: str, now: datetime) -> Freeze:
    """Give an account back; its person gets a mail.

    Raises:
        FreezeNotFoundError, OtherPersonNeededError: As in `freezes.service.lift`.
    """
    row = freezes.lift(session, freeze_id, by=by, at=now)
    accounts.set_state(session, row.account_id, AccountState(row.account_state))
    _log(session, "account_unfrozen", row, row.account_id, now)
    _tell(session, row, "account_unfrozen", now)
    return row


def lift_overdue(session: Session, *, now: datetime) -> int:
    """Lift freezes whose appeal nobody decided in time; return how many."""
    overdue = freeze_queries.overdue(session, now)
    for row in overdue:
        lift(session, row.id or 0, by=BY_TIME, now=now)
    return len(overdue)


def _log(session: Session, kind: str, row: Freeze, audience: str, now: datetime) -> None:
    event_log.append(
        session,
        kind=kind,
        subject=str(row.id),
        audience=audience,
        at=now,
        reason_code=row.reason_code,
    )


def _tell(session: Session, row: Freeze, kind: str, now: datetime) -> None:
    until = ((row.confirmed_at or now) + rules.APPEAL_WITHIN).date().isoformat()
    notices.mail(
        session,
        row.account_id,
        kind,
        dedupe_key=f"freeze/{row.id}/{kind}",
        facts=lambda language: {
            "reason": notices.reason(row.reason_code, language),
            "until": until,
        },
        at=now,
    )
