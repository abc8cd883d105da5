"""Table of freezes; one row from request to end, so that it is its own trail."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, serial_key
from backend.freezes.rules import FreezeReason, FreezeState

_STATES = ",".join(f"'{state}'" for state in FreezeState)
_REASONS = ",".join(f"'{reason}'" for reason in FreezeReason)


class Freeze(SQLModel, table=True):
    """An account that two people stop, and what came of it."""

    __tablename__ = "account_freeze"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint(f"reason_code IN ({_REASONS})", "reason_code"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> requested_by", "two_people"),
        CheckConstraint("closed_by IS NULL OR closed_at IS NOT NULL", "closed_has_time"),
    )

    id: int | None = serial_key("Order of requests.")
    account_id: str = Field(index=True, description="Whose account it is.")
    state: str = Field(
        default=FreezeState.REQUESTED, index=True, description="requested, frozen, declined, lifted"
    )
    reason_code: str = Field(description="Public reason.")
    note: str = Field(default="", description="Evidence in words, for reviewers only.")
    claim_public_id: str = Field(description="Act that led to it.")
    account_state: str = Field(description="State of the account before, to go back to.")
    requested_by: str = Field(description="Account of the first person.")
    requested_at: datetime = instant("When it was asked for.")
    confirmed_by: str | None = Field(default=None, description="Second person.")
    confirmed_at: datetime | None = instant("When the account was frozen.", default=None)
    statement: str = Field(default="", description="What the citizen says in an appeal.")
    appealed_at: datetime | None = instant("When the citizen appealed.", default=None)
    appeal_due_at: datetime | None = instant(
        "Until when the appeal is decided; afterwards the freeze ends by itself.", default=None
    )
    appeal_decided_at: datetime | None = instant("When it was.", default=None)
    closed_by: str | None = Field(default=None, description="Who ended it, or 'jobs'.")
    closed_at: datetime | None = instant("When it ended.", default=None)
