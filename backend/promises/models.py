"""Tables of promises."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, units
from backend.promises.rules import Outcome, PassState

_PASS_STATES = ",".join(f"'{state}'" for state in PassState)
_OUTCOMES = ",".join(f"'{outcome}'" for outcome in Outcome)


class PromisePass(SQLModel, table=True):
    """A key in one phone that may promise payments without network, for a week."""

    __tablename__ = "promise_pass"
    __table_args__ = (
        CheckConstraint(f"state IN ({_PASS_STATES})", "state"),
        CheckConstraint("spent_units BETWEEN 0 AND limit_units", "spent_within"),
    )

    id: str = Field(primary_key=True, description="8 random bytes, hex; stands in each promise.")
    account_id: str = Field(foreign_key="account.id", index=True, description="Who pays.")
    public_key: str = Field(description="P-256, x ‖ y, hex; its half never leaves the phone.")
    user_agent: str = Field(default="", description="Browser, shortened, for the owner's list.")
    each_units: int = units("Dearest promise.")
    limit_units: int = units("All of its promises together.")
    spent_units: int = units("What arrived and was accepted.")
    state: str = Field(default=PassState.ACTIVE, index=True, description="Life of the pass.")
    issued_at: datetime = instant("When it was given.")
    expires_at: datetime = instant("After this the phone promises nothing.")
    revoked_at: datetime | None = instant("When its owner took it back.", default=None)


class ArrivedPromise(SQLModel, table=True):
    """A genuine promise that a till handed in, and what became of it."""

    __tablename__ = "arrived_promise"
    __table_args__ = (
        CheckConstraint(f"outcome IN ({_OUTCOMES})", "outcome"),
        CheckConstraint("(outcome = 'refused') = (refusal_code IS NOT NULL)", "refused_has_code"),
        CheckConstraint("units > 0", "units_positive"),
    )

    id: str = Field(primary_key=True, description="Pass and the phone's nonce, 32 hex digits.")
    digest: str = Field(description="SHA-256 of what was signed, hex: one number, one promise.")
    pass_id: str = Field(foreign_key="promise_pass.id", index=True, description="Who signed.")
    account_id: str = Field(index=True, description="Who pays.")
    merchant_id: str = Field(foreign_key="merchant.id", index=True, description="Who is paid.")
    units: int = units("Price.")
    signed_at: datetime = instant("The phone's clock.")
    outcome: str = Field(description="accepted or refused; final.")
    refusal_code: str | None = Field(default=None, description="Why it pays nothing.")
    payment_id: str = Field(foreign_key="payment.id", unique=True, description="The payment.")
    handed_in_by: str = Field(index=True, description="Account at the till that sent it.")
    arrived_at: datetime = instant("When.")


class PromiseShop(SQLModel, table=True):
    """A shop whose owner accepted the risk of payments without network."""

    __tablename__ = "promise_shop"
    __table_args__ = (
        CheckConstraint("limit_units >= 0", "limit_not_negative"),
        CheckConstraint("clerk_units >= 0", "clerk_not_negative"),
    )

    merchant_id: str = Field(primary_key=True, foreign_key="merchant.id", description="Which.")
    limit_units: int = units("What one till may keep unsent; 0 takes nothing.")
    clerk_units: int = units("What one clerk may take in a local day; 0 nothing.")
    arrivals: int = Field(default=0, description="Counted at each arrival: they queue up here.")
    decided_by: str = Field(description="Owner who set the limits.")
    decided_at: datetime = instant("When.")
