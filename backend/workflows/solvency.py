"""Are the points covered? Points outstanding × rate against the money put behind them."""

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.payouts import service as payouts
from backend.payouts.models import SolvencyDay

MICRO_CENTS_PER_CENT = 1_000_000


@dataclass(frozen=True)
class Solvency:
    """What is owed and what is there. Unit: euro cents, or token units where it says so.

    Attributes:
        liability_cents: What all points outstanding are worth, rounded up.
        reserve_cents: Money behind them; below zero when burns were owed before it came.
        owed_cents: Owed to merchants for burned points, wherever it is on its way.
    """

    outstanding_units: int
    liability_cents: int
    reserve_cents: int
    owed_cents: int
    paid_cents: int

    @property
    def missing_cents(self) -> int:
        """What the metropolis has to put in so that every point is covered; 0 when all are."""
        return max(0, self.liability_cents - self.reserve_cents)

    @property
    def coverage_percent(self) -> int:
        """Share of the liability that is covered, rounded down; 100 when nothing is owed."""
        if self.liability_cents == 0:
            return 100
        return max(0, self.reserve_cents) * 100 // self.liability_cents


def measure(session: Session, rate_micro_cents_per_unit: int) -> Solvency:
    """Read the figures from the ledger."""
    found = ledger_queries.balances(
        session, [names.ISSUANCE, names.BURNED, names.RESERVE, names.PAID]
    )
    outstanding = -found[names.ISSUANCE] - found[names.BURNED]
    return Solvency(
        outstanding_units=outstanding,
        liability_cents=-(-outstanding * rate_micro_cents_per_unit // MICRO_CENTS_PER_CENT),
        reserve_cents=found[names.RESERVE],
        owed_cents=ledger_queries.sum_of(session, "euro/merchant/%"),
        paid_cents=found[names.PAID],
    )


def note(session: Session, *, day: date, rate_micro_cents_per_unit: int) -> SolvencyDay:
    """Write or renew the line of a day."""
    found = measure(session, rate_micro_cents_per_unit)
    return payouts.note_solvency(
        session,
        SolvencyDay(
            day=day,
            outstanding_units=found.outstanding_units,
            liability_cents=found.liability_cents,
            reserve_cents=found.reserve_cents,
            owed_cents=found.owed_cents,
            paid_cents=found.paid_cents,
        ),
    )
