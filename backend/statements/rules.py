"""A statement, and what must hold in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


class StatementOffError(ValueError):
    """A statement does not add up; it is never handed out."""


@dataclass(frozen=True)
class Line:
    """One movement of a merchant's takings.

    Attributes:
        kind: As the ledger names it, for example "payment_confirmed".
        reference: What caused it, short enough to be read out on the telephone.
        units: Signed. Unit: token units.
        balance_units: Takings right after.
    """

    at: datetime
    kind: str
    reference: str
    units: int
    balance_units: int


@dataclass(frozen=True)
class PaidLine:
    """Euro of one closing.

    Attributes:
        reference: As the bank statement shows it.
        state: Of the payout.
    """

    at: datetime
    reference: str
    units: int
    euro_cents: int
    state: str


@dataclass(frozen=True)
class Statement:
    """Everything between two days, both included, in local time.

    Attributes:
        account: Masked account number, "" when there is none.
    """

    number: str
    merchant: str
    commune: str
    account: str
    first: date
    last: date
    made_at: datetime
    opening_units: int
    lines: Sequence[Line]
    payouts: Sequence[PaidLine]
    rate_micro_cents_per_unit: int

    @property
    def closing_units(self) -> int:
        """Takings at the end of the last day."""
        return self.opening_units + sum(line.units for line in self.lines)

    @property
    def sold_units(self) -> int:
        """What came in."""
        return sum(line.units for line in self.lines if line.kind == "payment_confirmed")

    @property
    def sales(self) -> int:
        """How often something came in."""
        return sum(line.kind == "payment_confirmed" for line in self.lines)

    @property
    def other_units(self) -> int:
        """Refunds and corrections, signed."""
        moved = ("payment_confirmed", "cash_out_requested", "cash_out_failed")
        return sum(line.units for line in self.lines if line.kind not in moved)

    @property
    def burned_units(self) -> int:
        """What closings turned into euro in the period."""
        return sum(payout.units for payout in self.payouts)

    @property
    def euro_cents(self) -> int:
        """What these closings are worth."""
        return sum(payout.euro_cents for payout in self.payouts)


def check(statement: Statement) -> None:
    """Refuse a statement whose lines do not lead from the opening to each balance.

    Raises:
        StatementOffError: Says where.
    """
    balance = statement.opening_units
    for line in statement.lines:
        balance += line.units
        if balance != line.balance_units:
            msg = f"{statement.number}: {line.reference} leads to {balance}, not to "
            raise StatementOffError(msg + str(line.balance_units))
    for payout in statement.payouts:
        if payout.euro_cents < 0 or payout.units <= 0:
            msg = f"{statement.number}: payout {payout.reference} is not positive"
            raise StatementOffError(msg)


def number_of(merchant_id: str, first: date, last: date) -> str:
    """Return the number of a statement: the same for the same period and merchant."""
    return f"{first:%Y%m%d}-{last:%Y%m%d}-{merchant_id[-8:].upper()}"
