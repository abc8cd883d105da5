"""Tables of the market."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, json_column, units
from backend.kernel.ids import new_id
from backend.market.rules import PaymentState

_PAYMENT_STATES = ",".join(f"'{state}'" for state in PaymentState)


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
