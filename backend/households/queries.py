"""Reads of households."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from backend.households.models import Household, HouseholdMember


def of_account(session: Session, account_id: str) -> Household | None:
    """Return the household that an account is in, or `None`."""
    member = session.get(HouseholdMember, account_id)
    return session.get(Household, member.household_id) if member is not None else None


def get(session: Session, household_id: str) -> Household | None:
    """Return a household by its id."""
    return session.get(Household, household_id)


def members(session: Session, household_id: str) -> Sequence[HouseholdMember]:
    """Return the members of a household, those who joined first first."""
    statement = select(HouseholdMember).where(col(HouseholdMember.household_id) == household_id)
    return session.exec(
        statement.order_by(col(HouseholdMember.joined_at), col(HouseholdMember.account_id))
    ).all()
