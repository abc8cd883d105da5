"""Tables of rewards."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, serial_key, units
from backend.rewards.rules import RewardState

_STATES = ",".join(f"'{state}'" for state in RewardState)


class Counter(SQLModel, table=True):
    """How much of one cap or budget is used; moves by what is paid and nothing else."""

    __tablename__ = "counter"

    key: str = Field(
        primary_key=True, description="Cap, target and period, as the engine names it."
    )
    used: int = Field(default=0, sa_type=BigInt, description="In the unit that the cap counts.")


class Receipt(SQLModel, table=True):
    """Why a claim earned what it earned; also for zero and for refusals."""

    __tablename__ = "receipt"

    claim_id: int = Field(
        sa_type=BigInt, primary_key=True, foreign_key="claim.id", description="Claim it answers."
    )
    account_id: str = Field(index=True, description="Whose receipt it is.")
    edition_number: int = Field(description="Rulebook edition in force at the act.")
    edition_hash: str = Field(description="SHA-256 of that edition's canonical document.")
    rule_id: str | None = Field(default=None, description="Rule that paid, if one did.")
    units: int = units("What the act earned, all tranches.")
    lines: list[dict[str, Any]] = json_column("Explanation lines: code and facts.")
    public: dict[str, Any] = json_column("Fields an auditor sees.")
    private: dict[str, Any] = json_column("Fields only the citizen sees.")
    salt: str = Field(description="128 random bits, hex; destroyed on erasure.")
    leaf: str = Field(description="Commitment that the batch root covers, hex.")
    created_at: datetime = instant("When it was written.")
    moves: dict[str, dict[str, int]] = json_column(
        'How far counters rose: "units" and "others", each key → delta; given back when the '
        "reward is.",
        default={},
    )


class Adjustment(SQLModel, table=True):
    """What became of a reward after its receipt: the receipt itself never changes."""

    __tablename__ = "reward_adjustment"
    __table_args__ = (
        CheckConstraint("kind IN ('trimmed','taken_back','restored','owed')", "kind"),
        CheckConstraint("units > 0", "units_positive"),
    )

    id: int | None = serial_key("Order.")
    claim_id: int = Field(
        sa_type=BigInt, foreign_key="claim.id", index=True, description="Claim it answers."
    )
    kind: str = Field(description="trimmed, taken_back, restored; owed when it was paid already.")
    units: int = units("How much less, or more when restored.")
    facts: dict[str, Any] = json_column("What fills its sentence.")
    at: datetime = instant("When it was booked.")


class Reward(SQLModel, table=True):
    """One tranche of a reward, from the verdict to the chain."""

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("units > 0", "units_positive"),
        Index("ix_reward_state_release", "state", "release_at"),
    )

    claim_id: int = Field(
        sa_type=BigInt, primary_key=True, foreign_key="claim.id", description="Claim it answers."
    )
    tranche: int = Field(primary_key=True, description="0 is released first.")
    reward_id: int = Field(sa_type=BigInt, unique=True, description="Id consumed on chain, ever.")
    account_id: str = Field(index=True, description="Who is rewarded.")
    edition_number: int = Field(description="Rulebook edition it is paid under.")
    units: int = units("Amount of this tranche.")
    state: str = Field(description="Life of the tranche.")
    release_at: datetime = instant("Earliest instant it may be minted.")
    release_condition: str | None = Field(
        default=None, description='What can release it earlier, for example "mass_balance".'
    )
    recipient: str | None = Field(default=None, description="Address it is minted to.")
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    granted_at: datetime = instant("When the verdict granted it.")
    confirmed_at: datetime | None = instant("When its mint was confirmed.", default=None)
