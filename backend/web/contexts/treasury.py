"""Pages about euro: the treasurer's, the merchant's payouts, and the public solvency."""

from dataclasses import dataclass, field
from datetime import date, datetime

from backend.kernel.errors import FactValue


@dataclass(frozen=True)
class HoldReason:
    """Why a payout waits, as a text with its facts."""

    text_key: str
    facts: dict[str, int | str]


@dataclass(frozen=True)
class PayoutLine:
    """One payout.

    Attributes:
        state: Of the payout, with "payout_" before it.
        reference: As the bank statement shows it.
        bank_reason_key: Why the bank sent it back, as a text; "" when it did not.
        bank_reason_code: The bank's own code for it.
    """

    payout_id: str
    merchant: str
    at: datetime
    units: int
    cents: int
    state: str
    reference: str
    account: str
    hold_reasons: tuple[HoldReason, ...]
    held_until: datetime | None
    bank_reason_key: str
    bank_reason_code: str


@dataclass(frozen=True)
class FileLine:
    """One file for the bank.

    Attributes:
        state: Of the file, with "file_" before it.
        is_mine: The reader prepared it, so somebody else has to release it.
        is_found: The bank had it before a backup was restored here.
        unknown_count: Transfers of a found file that pay no payout of here.
    """

    file_id: str
    message_id: str
    at: datetime
    execution_on: date
    count: int
    cents: int
    state: str
    prepared_by: str
    released_by: str
    sha256: str
    is_mine: bool
    is_open: bool
    is_found: bool
    unknown_count: int


@dataclass(frozen=True)
class ReportLine:
    """One imported answer of the bank; differences are lines that a person has to look into."""

    name: str
    at: datetime
    paid: int
    returned: int
    unchanged: int
    differences: tuple[HoldReason, ...]


@dataclass(frozen=True)
class ClosingLine:
    """One shop's closing of the day."""

    merchant: str
    units: int
    cents: int
    state: str


@dataclass(frozen=True)
class Covered:
    """Are the points covered? Unit: euro cents."""

    outstanding_units: int
    liability_cents: int
    reserve_cents: int
    owed_cents: int
    paid_cents: int
    missing_cents: int
    coverage_percent: int


@dataclass(frozen=True)
class TreasuryPage:
    """What a treasurer does in a day.

    Attributes:
        is_restored: Payouts wait because a backup was restored.
        problem_key: Why the last action was refused; "" when it was not.
    """

    covered: Covered
    may_act: bool
    due_count: int
    due_cents: int
    homeless_count: int
    homeless_cents: int
    held: tuple[PayoutLine, ...]
    is_restored: bool
    returned: tuple[PayoutLine, ...]
    files: tuple[FileLine, ...]
    reports: tuple[ReportLine, ...]
    closing_day: date
    closings: tuple[ClosingLine, ...]
    problem_key: str = ""
    problem_facts: dict[str, FactValue] = field(default_factory=dict)


@dataclass(frozen=True)
class StatementLink:
    """A month whose statement can be downloaded."""

    month: date
    path: str


@dataclass(frozen=True)
class PayoutsPage:
    """A merchant's payouts.

    Attributes:
        holder, account: Where it is paid, the number masked; "" when unknown.
        account_reason_key: Why the bank refuses that account; "" when it does not.
    """

    merchant_id: str
    merchant: str
    others: tuple[tuple[str, str], ...]
    takings_units: int
    next_cents: int
    holder: str
    account: str
    account_reason_key: str
    lines: tuple[PayoutLine, ...]
    months: tuple[StatementLink, ...]
    problem_key: str
    typed: str


@dataclass(frozen=True)
class Curve:
    """A chart of two lines over days, ready to be drawn in a box of 600 × 240.

    Attributes:
        liability, reserve: Points of a polyline, "x,y x,y".
        ticks: Height and amount (euro cents) of each horizontal line.
    """

    liability: str
    reserve: str
    ticks: tuple[tuple[int, int], ...]
    first: date
    last: date


@dataclass(frozen=True)
class SolvencyLine:
    """One day of the table beside the chart."""

    day: date
    outstanding_units: int
    liability_cents: int
    reserve_cents: int


@dataclass(frozen=True)
class SolvencyPage:
    """The public figure."""

    covered: Covered
    point_cents: str
    curve: Curve | None
    lines: tuple[SolvencyLine, ...]
