"""Tables of payouts; triggers of the migration hold the tables of `rules.MOVES`."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, cents, instant, json_column, units
from backend.kernel.ids import new_id
from backend.payouts.rules import LIVE_ITEMS, FileState, ItemState, PayoutState

_PAYOUT_STATES = ",".join(f"'{state}'" for state in PayoutState)
_FILE_STATES = ",".join(f"'{state}'" for state in FileState)
_ITEM_STATES = ",".join(f"'{state}'" for state in ItemState)
_LIVE_ITEMS = ",".join(f"'{state}'" for state in LIVE_ITEMS)


class Payout(SQLModel, table=True):
    """Euro owed to a merchant for one burn of its takings."""

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint(f"state IN ({_PAYOUT_STATES})", "state"),
        CheckConstraint("units > 0 AND euro_cents > 0", "amounts_positive"),
        CheckConstraint(
            "euro_cents * 1000000 = units * rate_micro_cents_per_unit", "cents_are_units_at_rate"
        ),
        CheckConstraint("attempt > 0", "attempt_positive"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    cash_out_id: str = Field(unique=True, description="Burn that it pays for.")
    merchant_id: str = Field(index=True, description="Who is paid.")
    units: int = units("Points burned.")
    euro_cents: int = cents("What is owed.")
    rate_micro_cents_per_unit: int = Field(sa_type=BigInt, description="Rate of the burn.")
    payout_ref: str = Field(unique=True, description="Reference of the burn on chain, 0x-hex.")
    state: str = Field(default=PayoutState.DUE, index=True, description="Life of the payout.")
    attempt: int = Field(default=1, description="Number of the next or current try at the bank.")
    hold_reasons: list[dict[str, Any]] = json_column(
        "Why it is or was set aside: code and facts of each reason.", default_factory=list
    )
    held_until: datetime | None = instant(
        "When it is due by itself; empty when a person must say so.", default=None
    )
    hold_released_by: str | None = Field(default=None, description="Who released the hold.")
    due_at: datetime = instant("When the burn was final.")
    paid_at: datetime | None = instant("When the bank said so.", default=None)


class PayoutFile(SQLModel, table=True):
    """One pain.001 file."""

    __tablename__ = "payout_file"
    __table_args__ = (
        CheckConstraint(f"state IN ({_FILE_STATES})", "state"),
        CheckConstraint(
            "released_by IS NULL OR released_by <> prepared_by", "released_by_somebody_else"
        ),
        CheckConstraint(
            "(state IN ('released','sent')) = (released_by IS NOT NULL)", "released_knows_by_whom"
        ),
        CheckConstraint(
            "item_count > 0 AND euro_cents > 0 AND unknown_count >= 0", "amounts_positive"
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    message_id: str = Field(unique=True, description="MsgId, by which the bank knows it.")
    state: str = Field(default=FileState.DRAFTED, index=True, description="Life of the file.")
    item_count: int = Field(description="Transfers in it that pay a payout of here.")
    euro_cents: int = cents("Sum of these transfers.")
    is_found: bool = Field(
        default=False, description="Whether the bank had it before a backup was restored here."
    )
    unknown_count: int = Field(
        default=0, description="Transfers of a found file that pay no payout of here."
    )
    execution_on: date = Field(description="Day on which the bank is asked to pay.")
    xml: str = Field(sa_type=Text, description="The bytes that the bank gets, UTF-8.")
    sha256: str = Field(description="SHA-256 of these bytes, hex.")
    prepared_by: str = Field(description="Account that drafted it.")
    prepared_at: datetime = instant("When it was drafted.")
    released_by: str | None = Field(default=None, description="Second account, which approved it.")
    released_at: datetime | None = instant("When it was approved.", default=None)
    sent_at: datetime | None = instant("When it was handed to the bank.", default=None)


class PayoutItem(SQLModel, table=True):
    """A payout's place in a file; a payout that is tried again gets another one."""

    __tablename__ = "payout_item"
    __table_args__ = (
        CheckConstraint(f"state IN ({_ITEM_STATES})", "state"),
        # The guarantee that nothing is paid twice, whatever the code does.
        Index(
            "uq_payout_item_live",
            "payout_id",
            unique=True,
            sqlite_where=text(f"state IN ({_LIVE_ITEMS})"),
            postgresql_where=text(f"state IN ({_LIVE_ITEMS})"),
        ),
    )

    end_to_end_id: str = Field(primary_key=True, description="Reference on the bank statement.")
    payout_id: str = Field(foreign_key="payout.id", index=True, description="What is paid.")
    file_id: str = Field(foreign_key="payout_file.id", index=True, description="File it is in.")
    state: str = Field(default=ItemState.WAITING, description="What became of it.")
    payee_name: str = Field(description="Holder of the account, as written.")
    payee_iban: str = Field(description="Account that it was sent to.")
    euro_cents: int = cents("Amount.")
    reason_code: str | None = Field(default=None, description="Why the bank sent it back.")


class BankReport(SQLModel, table=True):
    """An answer of the bank that was imported."""

    __tablename__ = "bank_report"

    id: str = Field(default_factory=new_id, primary_key=True)
    sha256: str = Field(unique=True, description="SHA-256 of the file, hex; imported once.")
    name: str = Field(description="Name of the file.")
    kind: str = Field(description="pain.002, camt or csv.")
    lines: list[dict[str, Any]] = json_column("Each line and what was done about it.")
    imported_by: str = Field(description="Account that imported it.")
    imported_at: datetime = instant("When it was imported.")


class Funding(SQLModel, table=True):
    """Money that the metropolis put behind the points."""

    __tablename__ = "funding"
    __table_args__ = (CheckConstraint("euro_cents > 0", "euro_cents_positive"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(unique=True, description="Reference of the bank transfer.")
    euro_cents: int = cents("Amount.")
    recorded_by: str = Field(description="Account that recorded it.")
    recorded_at: datetime = instant("When it was recorded.")


class BankAccount(SQLModel, table=True):
    """Where a merchant is paid."""

    __tablename__ = "bank_account"

    merchant_id: str = Field(primary_key=True, description="Whose account it is.")
    holder: str = Field(description="Name of the holder.")
    iban: str = Field(description="International account number without spaces.")
    bic: str = Field(default="", description="Code of the bank, when known.")
    refused_reason: str | None = Field(
        default=None, description="Why the bank refuses it; nothing is sent there any more."
    )
    changed_by: str = Field(description="Account that gave it.")
    changed_at: datetime = instant("When it was given.")


class SolvencyDay(SQLModel, table=True):
    """What points were worth and what stood behind them, at the end of a day."""

    __tablename__ = "solvency_day"

    day: date = Field(primary_key=True, description="Local day.")
    outstanding_units: int = units("Points issued and not burned.")
    liability_cents: int = cents("What they are worth, rounded up.")
    reserve_cents: int = cents("Money behind them.")
    owed_cents: int = cents("Owed to merchants for burned points.")
    paid_cents: int = cents("Paid out since the beginning.")
