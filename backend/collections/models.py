"""Tables of collections: what was claimed, what was weighed, and what came of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.collections.rules import BalanceState
from backend.db.types import BigInt, instant, serial_key, units

_STATES = ",".join(f"'{state}'" for state in BalanceState)


class CollectionRound(SQLModel, table=True):
    """One tour of a lorry; its weighings may still change until it is closed."""

    __tablename__ = "collection_round"
    __table_args__ = (CheckConstraint("state IN ('open','closed')", "state"),)

    ref: str = Field(primary_key=True, description="Name that the operator gives it.")
    state: str = Field(default="open", index=True, description="open or closed.")
    opened_at: datetime = instant("When its first weighing arrived.")
    touched_at: datetime = instant("When a weighing last arrived or changed.")
    closed_at: datetime | None = instant("When its masses were compared.", default=None)
    closed_by: str | None = Field(default=None, description="Account that closed it, or 'jobs'.")


class Weighing(SQLModel, table=True):
    """What one weighbridge ticket says of one container."""

    __tablename__ = "weighing"
    __table_args__ = (
        UniqueConstraint("ticket", "station_id", "material", "container"),
        CheckConstraint("net_g >= 0", "net_not_negative"),
        CheckConstraint("impurity_bps BETWEEN 0 AND 10000", "impurity_is_a_share"),
    )

    id: int | None = serial_key("Order of arrival.")
    round_ref: str = Field(
        foreign_key="collection_round.ref", index=True, description="Round it belongs to."
    )
    ticket: str = Field(description="Number of the weighbridge ticket.")
    station_id: str = Field(index=True, description="Station that was emptied.")
    material: str = Field(description="What was in the container.")
    container: str = Field(default="", description="Which one, where a station has several.")
    net_g: int = Field(sa_type=BigInt, description="Net mass. Unit: grams.")
    impurity_bps: int = Field(
        default=0, description="Share of junk in the sorted sample, in 1/10,000 of the mass."
    )
    collected_at: datetime = instant("When the container was emptied.")


class DepositMass(SQLModel, table=True):
    """The mass that one paid deposit claims; counted by exactly one balance."""

    __tablename__ = "deposit_mass"
    __table_args__ = (
        Index("ix_deposit_mass_open", "station_id", "material", "balance_id", "occurred_at"),
        CheckConstraint("mass_g >= 0", "mass_not_negative"),
    )

    claim_id: int = Field(sa_type=BigInt, primary_key=True, description="Claim that was paid.")
    station_id: str = Field(description="Where it was left.")
    material: str = Field(description="What was left.")
    level: str = Field(description="Proof level: P1, P2 or P3.")
    items: int = Field(description="How many items; 0 where only the mass is known.")
    mass_g: int = Field(sa_type=BigInt, description="Weighed or usual mass. Unit: grams.")
    occurred_at: datetime = instant("When it was left.")
    balance_id: int | None = Field(
        default=None, sa_type=BigInt, index=True, description="Balance that counted it."
    )
    is_withdrawn: bool = Field(default=False, description="Its reward was taken back.")


class StationBalance(SQLModel, table=True):
    """One station and material of one closed round: claimed against weighed."""

    __tablename__ = "station_balance"
    __table_args__ = (
        UniqueConstraint("round_ref", "station_id", "material"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        Index("ix_station_balance_latest", "station_id", "material", "until"),
    )

    id: int | None = serial_key("Order of closing.")
    round_ref: str = Field(foreign_key="collection_round.ref", description="Round.")
    station_id: str = Field(description="Station.")
    material: str = Field(description="Material.")
    until: datetime = instant("When it was emptied: deposits before it count.")
    deposits: int = Field(description="How many deposits were counted.")
    claimed_g: int = Field(sa_type=BigInt, description="Mass they claim. Unit: grams.")
    weighed_g: int = Field(sa_type=BigInt, description="Weighed mass less junk. Unit: grams.")
    carried_in_g: int = Field(sa_type=BigInt, description="From the last balance. Unit: grams.")
    carried_out_g: int = Field(sa_type=BigInt, description="For the next balance. Unit: grams.")
    spare_g: int = Field(
        sa_type=BigInt, description="Weighed and not claimed; late uploads use it. Unit: grams."
    )
    excess_g: int = Field(sa_type=BigInt, description="Claimed beyond tolerance. Unit: grams.")
    tolerance_bps: int = Field(description="Tolerance that held, in 1/10,000 of the weight.")
    keep_numerator: int = Field(sa_type=BigInt, description="Second tranches keep this part …")
    keep_denominator: int = Field(sa_type=BigInt, description="… of this.")
    reliability_before_bps: int = Field(description="The station's reliability before.")
    reliability_after_bps: int = Field(description="And after, once the whole round is closed.")
    state: str = Field(index=True, description="reconciled, trimmed, waiting or released.")
    released_units: int = units("Second tranches that were released.", default=0)
    trimmed_units: int = units("What was cut off them.", default=0)
    due_at: datetime | None = instant("Until when a person may decide.", default=None)
    decided_at: datetime | None = instant("When a person, or the time, decided.", default=None)
    decided_by: str | None = Field(default=None, description="Account, or 'jobs' at the deadline.")
