"""Tables of households."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from backend.db.types import instant
from backend.kernel.ids import new_id


class Household(SQLModel, table=True):
    """People who recycle together; each keeps an account and points of their own."""

    __tablename__ = "household"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(description="What its members call it.")
    created_at: datetime = instant("When it was founded.")


class HouseholdMember(SQLModel, table=True):
    """Somebody in a household; nobody is in two."""

    __tablename__ = "household_member"

    account_id: str = Field(primary_key=True, description="Who.")
    household_id: str = Field(foreign_key="household.id", index=True, description="Where.")
    joined_at: datetime = instant("Since when.")


class HouseholdInvite(SQLModel, table=True):
    """A code that lets one person join."""

    __tablename__ = "household_invite"

    code_hash: str = Field(primary_key=True, description="SHA-256 of the code, hex.")
    household_id: str = Field(foreign_key="household.id", index=True, description="Where to.")
    created_at: datetime = instant("When a member made it.")
    expires_at: datetime = instant("When it lapses.")
    used_by: str | None = Field(default=None, description="Account that joined with it.")
