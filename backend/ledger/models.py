"""Tables of the ledger of points and euro.

Triggers of the migrations refuse UPDATE and DELETE of what is booked, and a commit that
leaves a transfer whose legs do not sum to zero in each currency (docs/settlement.md).
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, serial_key, units
from backend.kernel.ids import new_id
from backend.ledger.names import EURO_PREFIX, Currency

UNBALANCED = "a transfer does not sum to zero"
"""What the database names when it refuses such a commit; no transfer has this id."""


class LedgerAccount(SQLModel, table=True):
    """A named account and its running balance."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("may_go_negative OR balance_units >= 0", "balance_not_negative"),
        CheckConstraint(
            f"(currency = 'points' AND name NOT LIKE '{EURO_PREFIX}%') OR "
            f"(currency = 'eur' AND name LIKE '{EURO_PREFIX}%')",
            "currency_of_name",
        ),
    )

    name: str = Field(primary_key=True, description="Path, for example citizen/<id>/confirmed.")
    may_go_negative: bool = Field(description="True only for sources such as issuance.")
    currency: str = Field(
        default=Currency.POINTS,
        sa_column_kwargs={"server_default": Currency.POINTS},
        description="Points are counted in token units, euro in cents.",
    )
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
    units: int = Field(sa_type=BigInt, description="Signed amount in the account's unit.")
    balance_after_units: int = Field(
        sa_type=BigInt, description="Balance right after, in the account's unit."
    )


class LedgerImbalance(SQLModel, table=True):
    """What a transfer's entries sum to while it is being written; empty after every commit.

    A trigger on `ledger_entry` keeps it. A row that is left points to a transfer that cannot
    exist, through a foreign key that is checked at commit: so neither database commits a
    transfer that does not sum to zero, whoever writes it.
    """

    __tablename__ = "ledger_imbalance"
    __table_args__ = (
        CheckConstraint(f"verdict = '{UNBALANCED}'", "verdict"),
        ForeignKeyConstraint(
            ["verdict"], ["ledger_transfer.id"], deferrable=True, initially="DEFERRED"
        ),
    )

    transfer_id: str = Field(primary_key=True, description="Transfer that is being written.")
    currency: str = Field(primary_key=True, description="Currency of the legs that are summed.")
    units: int = Field(sa_type=BigInt, description="Sum of the legs so far.")
    verdict: str = Field(
        default=UNBALANCED,
        sa_column_kwargs={"server_default": UNBALANCED},
        description="Refers to no transfer, so that the row cannot be committed.",
    )
