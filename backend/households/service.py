"""Writes of households: found, invite, join, leave; flush, never commit."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.db.upsert import insert_or_skip
from backend.households import queries
from backend.households.errors import (
    HouseholdFullError,
    HouseholdInviteRefusedError,
    HouseholdMissingError,
    HouseholdTakenError,
)
from backend.households.models import Household, HouseholdInvite, HouseholdMember

MEMBERS_MAX = 8
INVITE_LIVES = timedelta(days=7)
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_CHARS = 10
"""50 bits, single use, a week: not to be guessed over the internet."""


def found(session: Session, account_id: str, *, name: str, at: datetime) -> Household:
    """Open a household with one member.

    Raises:
        HouseholdTakenError: The account is in one already.
    """
    household = Household(name=name, created_at=at)
    session.add(household)
    session.flush()
    _join(session, account_id, household.id, at)
    return household


def invite(session: Session, account_id: str, *, at: datetime) -> str:
    """Make a code that lets one person join the household of a member.

    Returns:
        The code; only its hash is kept.
    Raises:
        HouseholdMissingError: The account is in no household.
        HouseholdFullError: It has `MEMBERS_MAX` members.
    """
    household = queries.of_account(session, account_id)
    if household is None:
        raise HouseholdMissingError
    _refuse_full(session, household.id)
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_CHARS))
    session.add(
        HouseholdInvite(
            code_hash=_hash(code),
            household_id=household.id,
            created_at=at,
            expires_at=at + INVITE_LIVES,
        )
    )
    session.flush()
    return code


def join(session: Session, account_id: str, code: str, *, at: datetime) -> Household:
    """Accept an invitation; of two people with one code the first gets in.

    Raises:
        HouseholdInviteRefusedError: The code is unknown, used or too old.
        HouseholdTakenError: The account is in a household already.
        HouseholdFullError: It filled up meanwhile.
    """
    household_id = session.execute(
        update(HouseholdInvite)
        .where(
            col(HouseholdInvite.code_hash) == _hash(code),
            col(HouseholdInvite.used_by).is_(None),
            col(HouseholdInvite.expires_at) >= at,
        )
        .values(used_by=account_id)
        .returning(col(HouseholdInvite.household_id))
    ).scalar_one_or_none()
    if household_id is None:
        raise HouseholdInviteRefusedError
    _refuse_full(session, household_id)
    _join(session, account_id, household_id, at)
    return session.get_one(Household, household_id)


def leave(session: Session, account_id: str) -> None:
    """Leave one's household; points stay with each account. The last one closes it.

    Raises:
        HouseholdMissingError: The account is in no household.
    """
    household = queries.of_account(session, account_id)
    if household is None:
        raise HouseholdMissingError
    session.execute(delete(HouseholdMember).where(col(HouseholdMember.account_id) == account_id))
    if not queries.members(session, household.id):
        session.execute(
            delete(HouseholdInvite).where(col(HouseholdInvite.household_id) == household.id)
        )
        session.execute(delete(Household).where(col(Household.id) == household.id))
    session.flush()


def _join(session: Session, account_id: str, household_id: str, at: datetime) -> None:
    row = HouseholdMember(account_id=account_id, household_id=household_id, joined_at=at)
    if insert_or_skip(session, row) is None:
        raise HouseholdTakenError


def _refuse_full(session: Session, household_id: str) -> None:
    if len(queries.members(session, household_id)) >= MEMBERS_MAX:
        raise HouseholdFullError(MEMBERS_MAX)


def _hash(code: str) -> str:
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(f"calanque-household/{plain}".encode()).hexdigest()
