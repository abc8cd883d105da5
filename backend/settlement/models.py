"""Tables of settlement."""

from datetime import datetime

from sqlalchemy import CheckConstraint
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
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    requested_at: datetime = instant("When it was asked for.")
    confirmed_at: datetime | None = instant("When the burn was confirmed.", default=None)
