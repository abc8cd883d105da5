"""Writes of freezes; flush, never commit. The account's own state is the workflow's."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from backend.freezes import queries, rules
from backend.freezes.errors import (
    FreezeNotFoundError,
    FreezeNotPossibleError,
    OtherPersonNeededError,
)
from backend.freezes.models import Freeze
from backend.freezes.rules import FreezeReason, FreezeState


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose account, in which state it is, and which act led to it."""

    account_id: str
    account_state: str
    claim_public_id: str


def request(
    session: Session, subject: Subject, *, reason: FreezeReason, note: str, by: str, at: datetime
) -> Freeze:
    """Ask for a freeze; nothing happens before a second person agrees.

    Raises:
        FreezeNotPossibleError: One is asked for or stands already.
        OtherPersonNeededError: It is one's own account.
    """
    if by == subject.account_id:
        raise OtherPersonNeededError
    if queries.open_of(session, subject.account_id) is not None:
        raise FreezeNotPossibleError("a freeze of it is asked for or stands already")
    row = Freeze(
        account_id=subject.account_id,
        reason_code=reason,
        note=note.strip()[: rules.MAX_TEXT_CHARS],
        claim_public_id=subject.claim_public_id,
        account_state=subject.account_state,
        requested_by=by,
        requested_at=at,
    )
    return _kept(session, row)


def answer(session: Session, freeze_id: int, *, agrees: bool, by: str, at: datetime) -> Freeze:
    """Agree to a requested freeze as the second person, or decline it.

    Raises:
        FreezeNotFoundError: Nothing of this number is asked for.
        OtherPersonNeededError: The first person, or the citizen, cannot be the second.
    """
    row = _need(session, freeze_id, FreezeState.REQUESTED)
    _check(row, by, row.requested_by)
    if agrees:
        row.state, row.confirmed_by, row.confirmed_at = FreezeState.FROZEN, by, at
    else:
        row.state, row.closed_by, row.closed_at = FreezeState.DECLINED, by, at
    return _kept(session, row)


def appeal(session: Session, account_id: str, *, statement: str, at: datetime) -> Freeze:
    """Let the citizen appeal, once, within two months.

    Raises:
        FreezeNotPossibleError: No freeze stands, it was appealed, or the time is over.
    """
    row = queries.open_of(session, account_id)
    if row is None or row.state != FreezeState.FROZEN or row.confirmed_at is None:
        raise FreezeNotPossibleError("it works, so there is nothing to appeal")
    if row.appealed_at is not None:
        raise FreezeNotPossibleError("you appealed before")
    if at - row.confirmed_at > rules.APPEAL_WITHIN:
        raise FreezeNotPossibleError("the two months to appeal are over")
    row.statement = statement.strip()[: rules.MAX_TEXT_CHARS]
    row.appealed_at, row.appeal_due_at = at, at + rules.DECIDED_WITHIN
    return _kept(session, row)


def uphold(session: Session, freeze_id: int, *, by: str, at: datetime) -> Freeze:
    """Decide an appeal against the citizen, as a third person.

    Raises:
        FreezeNotFoundError: No appeal of this number is open.
        OtherPersonNeededError: The two who froze it cannot decide.
    """
    row = _need(session, freeze_id, FreezeState.FROZEN)
    if row.appealed_at is None or row.appeal_decided_at is not None:
        raise FreezeNotFoundError(str(freeze_id))
    _check(row, by, row.requested_by, row.confirmed_by)
    row.appeal_decided_at = at
    return _kept(session, row)


def lift(session: Session, freeze_id: int, *, by: str, at: datetime) -> Freeze:
    """End a freeze; one person is enough to give rights back.

    Raises:
        FreezeNotFoundError: None of this number stands.
        OtherPersonNeededError: It is one's own account.
    """
    row = _need(session, freeze_id, FreezeState.FROZEN)
    _check(row, by)
    if row.appealed_at is not None and row.appeal_decided_at is None:
        row.appeal_decided_at = at
    row.state, row.closed_by, row.closed_at = FreezeState.LIFTED, by, at
    return _kept(session, row)


def _need(session: Session, freeze_id: int, state: FreezeState) -> Freeze:
    row = queries.lock(session, freeze_id)
    if row is None or row.state != state:
        raise FreezeNotFoundError(str(freeze_id))
    return row


def _check(row: Freeze, by: str, *others: str | None) -> None:
    if not rules.may_decide(by, others=others, subject_id=row.account_id):
        raise OtherPersonNeededError


def _kept(session: Session, row: Freeze) -> Freeze:
    session.add(row)
    session.flush()
    return row
