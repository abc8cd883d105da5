"""Tables of the market."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, false
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, units
from backend.kernel.ids import new_id
from backend.market.rules import PaymentState, PaymentWay, RefundState

_REFUND_STATES = ",".join(f"'{state}'" for state in RefundState)
_PAYMENT_STATES = ",".join(f"'{state}'" for state in PaymentState)


class Payment(SQLModel, table=True):
    """One purchase in points."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(f"state IN ({_PAYMENT_STATES})", "state"),
        CheckConstraint("units > 0", "units_positive"),
        CheckConstraint("refunded_units BETWEEN 0 AND units", "refunded_within"),
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
    cancellation: dict[str, Any] | None = json_column(
        "v, r, s of the payer's key: the authorisation can no longer be taken.", default=None
    )
    cancel_signed_at: datetime | None = instant("When that was signed.", default=None)
    proof: dict[str, Any] | None = json_column(
        "The citizen's sealed PIN or passkey answer, until it is verified.", default=None
    )
    is_own_wallet: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="Signed by the payer's own wallet: accepted only when mined.",
    )
    is_proved: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": false()},
        description="Came with a proof.",
    )
    proof_attempts: int = Field(
        default=0, sa_column_kwargs={"server_default": "0"}, description="Proofs that failed."
    )
    key: str | None = Field(
        default=None, unique=True, index=True, description="Makes a purchase sent twice one."
    )
    way: str = Field(
        default=PaymentWay.TILL, sa_column_kwargs={"server_default": "till"}, description="Started."
    )
    batch_id: str | None = Field(
        default=None, index=True, description="Transaction that it, or its cancellation, is in."
    )
    refusal_code: str | None = Field(default=None, description="What the contract said.")
    waiting_code: str | None = Field(default=None, description="Why the desk is asked again.")
    retry_at: datetime | None = instant("When the desk is asked again.", default=None)
    refunded_units: int = Field(
        default=0,
        sa_type=BigInt,
        sa_column_kwargs={"server_default": "0"},
        description="Given back, under way included. Unit: token units.",
    )
    taken_by: str | None = Field(
        default=None,
        index=True,
        description="Account at the till; empty when the citizen started it.",
    )
    requested_at: datetime = instant("When the till asked.")
    expires_at: datetime = instant("When the request lapses.")
    accepted_at: datetime | None = instant("When the citizen confirmed.", default=None)
    confirmed_at: datetime | None = instant("When the chain confirmed.", default=None)


class Refund(SQLModel, table=True):
    """Points of a payment given back by its merchant."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint(f"state IN ({_REFUND_STATES})", "state"),
        CheckConstraint("units > 0", "units_positive"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True, description="Made by the till, so that asking twice is once.")
    payment_id: str = Field(foreign_key="payment.id", index=True, description="What it undoes.")
    merchant_id: str = Field(index=True, description="Who gives back.")
    units: int = units("Points given back.")
    reason: str = Field(default="", description="What the till wrote on it.")
    asked_by: str = Field(index=True, description="Account at the till.")
    state: str = Field(default=RefundState.REQUESTED, index=True, description="Life of the refund.")
    refund_ref: str = Field(unique=True, description="32 random bytes, 0x-hex, on chain once.")
    batch_id: str | None = Field(default=None, index=True, description="Transaction it is in.")
    refusal_code: str | None = Field(default=None, description="What the contract said.")
    requested_at: datetime = instant("When it was asked for.")
    confirmed_at: datetime | None = instant("When the chain decided.", default=None)
