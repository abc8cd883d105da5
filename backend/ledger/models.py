"""Tables of the ledger; the migration adds triggers that refuse UPDATE and DELETE of entries."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, serial_key, units
from backend.kernel.ids import new_id


class LedgerAccount(SQLModel, table=True):
    """A named account and its running balance."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("may_go_negative OR balance_units >= 0", "balance_not_negative"),
    )

    name: str = Field(primary_key=True, description="Path, for example citizen/<id>/confirmed.")
    may_go_negative: bool = Field(description="True only for sources such as issuance.")
    balance_units: int = units("Sum of the entries, kept for guarded updates.", default=0)


class LedgerTransfer(SQLModel, table=True):
    """One movement between accounts, written once."""

    __tablename__ = "ledger_transfer"

    id: str = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(unique=True, description="What caused it; a second one is refused.")
    kind: str = Field(description="Past tense, for example reward_granted.")
    occurred_at: datetime = instant("When it was booked.")


class LedgerEntry(SQLModel, table=True):
    """One leg of a transfer."""

    __tablename__ = "ledger_entry"
    __table_args__ = (CheckConstraint("units <> 0", "units_not_zero"),)

    id: int | None = serial_key("Position in the ledger.")
    transfer_id: str = Field(
        foreign_key="ledger_transfer.id", index=True, description="Movement it belongs to."
    )
    account_name: str = Field(
        foreign_key="ledger_account.name", index=True, description="Account it moves."
    )
    units: int = Field(sa_type=BigInt, description="Signed amount. Unit: token units.")
    balance_after_units: int = Field(
        sa_type=BigInt, description="Balance right after. Unit: token units."
    )
