"""Tables of settlement."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, units
from backend.kernel.ids import new_id
from backend.settlement.rules import CashOutState

_CASH_OUT_STATES = ",".join(f"'{state}'" for state in CashOutState)


class CashOut(SQLModel, table=True):
    """Takings turned into euro."""

    __tablename__ = "cash_out"
    __table_args__ = (
        CheckConstraint(f"state IN ({_CASH_OUT_STATES})", "state"),
        CheckConstraint("units > 0", "units_positive"),
        Index("uq_cash_out_merchant_id_closing_day", "merchant_id", "closing_day", unique=True),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True, description="Who is paid.")
    units: int = units("Points burned.")
    euro_cents: int = Field(sa_type=BigInt, description="What the bank pays. Unit: euro cents.")
    rate_micro_cents_per_unit: int = Field(sa_type=BigInt, description="Rate of the contract.")
    payout_ref: str = Field(unique=True, description="32 random bytes, 0x-hex, on chain once.")
    state: str = Field(
        default=CashOutState.REQUESTED, index=True, description="Life of the cash-out."
    )
    closing_day: date | None = Field(
        default=None, description="Local day that it closes; empty when the merchant asked for it."
    )
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    requested_at: datetime = instant("When it was asked for.")
    confirmed_at: datetime | None = instant("When the burn was confirmed.", default=None)


class DayClosing(SQLModel, table=True):
    """How far the closing of a local day has come; shops are closed in the order of their ids."""

    __tablename__ = "day_closing"

    day: date = Field(primary_key=True, description="Local day that is closed.")
    cursor: str = Field(default="", description="Last shop that was closed, or passed over.")
    completed_at: datetime | None = instant("When every shop was.", default=None)
