"""Tables of acts."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.actions.rules import ClaimState
from backend.db.types import BigInt, instant, json_column, serial_key
from backend.kernel.ids import new_id

_STATES = ",".join(f"'{state}'" for state in ClaimState)


class Claim(SQLModel, table=True):
    """What a citizen asks a reward for, with its evidence.

    `id` is the 32-bit counter and `incarnation` the other fixed part of the ids
    under which its rewards are minted; neither ever changes.
    """

    __tablename__ = "claim"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        UniqueConstraint("code_ref", "account_id"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("id < 4294967296", "counter_fits_32_bits"),
        Index("ix_claim_state_id", "state", "id"),
        Index("ix_claim_device_occurred", "device_number", "occurred_at"),
    )

    id: int | None = serial_key("Counter inside the incarnation.")
    public_id: str = Field(default_factory=new_id, unique=True, description="Id that people see.")
    incarnation: int = Field(description="Handed out by the chain; a restore opens a new one.")
    account_id: str = Field(index=True, description="Who claims.")
    idempotency_key: str = Field(description="Made by the client; a retry gets the same answer.")
    body_hash: str = Field(description="SHA-256 of the request, to notice a reused key.")
    kind: str = Field(description="Which verifier judges it.")
    code_ref: str = Field(description="Single-use key of the code that was presented.")
    code_key: str | None = Field(
        default=None, unique=True, description="Same key, on the one claim that took the code."
    )
    device_number: int = Field(sa_type=BigInt, index=True, description="Witness that signed.")
    occurred_at: datetime = instant("When the act happened, as signed.")
    received_at: datetime = instant("When the claim was stored.")
    decide_after: datetime | None = instant(
        "Until when the verdict waits for a sensor's message; none for at once.", default=None
    )
    evidence: dict[str, Any] = json_column("Facts that the code carries, and the code itself.")
    state: str = Field(default=ClaimState.PENDING, description="Life of the claim.")
    refusal_code: str | None = Field(default=None, description="Why it was refused at the door.")


class Verdict(SQLModel, table=True):
    """The judgement of one claim; written once with its reward."""

    __tablename__ = "verdict"

    sequence: int | None = serial_key("Public number: the order in which caps moved.")
    claim_id: int = Field(
        sa_type=BigInt, foreign_key="claim.id", unique=True, description="What it judges."
    )
    state: str = Field(description="accepted, refused or review.")
    level: str = Field(description="Proof level.")
    reasons: list[dict[str, Any]] = json_column("Codes and facts, in reading order.")
    act: dict[str, Any] = json_column("Facts that the rulebook read.")
    decided_at: datetime = instant("When it was decided.")


class Incarnation(SQLModel, table=True):
    """Life of this database on a chain; a restored copy must open a new one."""

    __tablename__ = "incarnation"
    __table_args__ = (UniqueConstraint("genesis_hash", "number"),)

    id: int | None = serial_key("Order of opening; the newest one is in use.")
    genesis_hash: str = Field(description="Chain that handed it out.")
    number: int = Field(description="1 to 4095.")
    home: str = Field(description="Fingerprint of the database that asked for it.")
    opened_at: datetime = instant("When the chain confirmed it.")
    retired_at: datetime | None = instant(
        "When a restore made it unusable: its counters may have been handed out.", default=None
    )
