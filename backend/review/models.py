"""Tables of review: one case per claim that a person looks at."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, serial_key


class PhoneSeen(SQLModel, table=True):
    """A browser and an account that opened a session in it; forgotten after 30 days.

    The browser's random number is only in its own cookie; here stands a hash of it, which
    says nothing about the device, its person or where it was.
    """

    __tablename__ = "phone_seen"

    phone_hash: str = Field(primary_key=True, description="SHA-256 of the number, hex.")
    account_id: str = Field(primary_key=True, index=True, description="Account that signed in.")
    seen_at: datetime = instant("When it last did.", index=True)


class ReviewCase(SQLModel, table=True):
    """A claim before a person: because of doubt, or because its citizen appealed."""

    __tablename__ = "review_case"
    __table_args__ = (
        CheckConstraint("cause IN ('doubt','appeal')", "cause"),
        CheckConstraint("state IN ('open','accepted','refused')", "state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", "decided_when_closed"),
    )

    id: int | None = serial_key("Position in the queue.")
    claim_id: int = Field(sa_type=BigInt, index=True, description="Claim it is about.")
    claim_public_id: str = Field(index=True, description="Id of the claim that people see.")
    account_id: str = Field(index=True, description="Whose claim it is.")
    cause: str = Field(description="doubt or appeal.")
    state: str = Field(default="open", index=True, description="open, accepted or refused.")
    reasons: list[dict[str, Any]] = json_column("Signals: codes and facts, for the reviewer.")
    statement: str = Field(default="", description="What the citizen says in an appeal.")
    opened_at: datetime = instant("When it was opened.")
    due_at: datetime = instant("Until when a person decides.")
    decided_at: datetime | None = instant("When it was decided.", default=None)
    decided_by: str | None = Field(
        default=None, description="Account of the reviewer, or 'jobs' when later acts settled it."
    )
    reason_code: str | None = Field(default=None, description="Why, as a public code.")
