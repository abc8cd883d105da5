"""Tables of the market."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, units
from backend.kernel.ids import new_id
from backend.market.rules import CashOutState, MerchantState, PaymentState

_PAYMENT_STATES = ",".join(f"'{state}'" for state in PaymentState)
_CASH_OUT_STATES = ",".join(f"'{state}'" for state in CashOutState)
_MERCHANT_STATES = ",".join(f"'{state}'" for state in MerchantState)


class Merchant(SQLModel, table=True):
    """A shop or public service that accepts points."""

    __tablename__ = "merchant"
    __table_args__ = (CheckConstraint(f"state IN ({_MERCHANT_STATES})", "state"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(description="Name over the door.")
    commune_code: str = Field(description="INSEE code of where it is.")
    owner_account_id: str = Field(index=True, description="Who runs the till.")
    pseudonym: int = Field(sa_type=BigInt, unique=True, description="63-bit id on chain.")
    state: str = Field(default=MerchantState.DRAFT, description="Life of the merchant.")
    daily_cap_units: int = units("Most it can take per day on chain.")
    batch_id: str | None = Field(default=None, description="Transaction that registers it.")
    created_at: datetime = instant("When it joined.")


class Payment(SQLModel, table=True):
    """One purchase in points."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(f"state IN ({_PAYMENT_STATES})", "state"),
        CheckConstraint("units > 0", "units_positive"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    merchant_id: str = Field(foreign_key="merchant.id", index=True, description="Who is paid.")
    payer_account_id: str | None = Field(default=None, index=True, description="Who confirmed.")
    payer_address: str | None = Field(default=None, description="Address the points leave.")
    units: int = units("Price.")
    label: str = Field(default="", description="What the till wrote on it.")
    state: str = Field(
        default=PaymentState.REQUESTED, index=True, description="Life of the payment."
    )
    payment_ref: str = Field(description="32 random bytes, 0x-hex; part of the signed nonce.")
    salt: str = Field(description="32 random bytes, 0x-hex; hides the merchant in the nonce.")
    nonce: str | None = Field(default=None, unique=True, description="EIP-3009 nonce, 0x-hex.")
    authorisation: dict[str, Any] | None = json_column(
        "v, r, s, valid_after, valid_before as signed.", default=None
    )
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    refusal_code: str | None = Field(default=None, description="What the contract said.")
    requested_at: datetime = instant("When the till asked.")
    expires_at: datetime = instant("When the request lapses.")
    accepted_at: datetime | None = instant("When the citizen confirmed.", default=None)
    confirmed_at: datetime | None = instant("When the chain confirmed.", default=None)


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
