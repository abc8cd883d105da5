"""The public figure as data: are the points covered by money?"""

from datetime import date, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field

from backend.http.deps import ConfigDep, Now, ReadSession, public
from backend.payouts import queries
from backend.workflows import close_day, solvency

router = APIRouter(tags=["solvency"])

SPAN = timedelta(days=366)


class SolvencyDayPublic(BaseModel):
    """One day's end."""

    day: date
    outstanding_units: int
    liability_cents: int
    reserve_cents: int
    owed_cents: int
    paid_cents: int


class SolvencyPublic(BaseModel):
    """What points are worth and what stands behind them."""

    outstanding_units: int = Field(description="Points issued and not burned; 100 to a point.")
    rate_micro_cents_per_unit: int = Field(description="Worth of a unit, millionths of a cent.")
    liability_cents: int = Field(description="What they are worth, rounded up.")
    reserve_cents: int = Field(description="Money behind them.")
    missing_cents: int = Field(description="What is not covered.")
    is_covered: bool
    owed_cents: int = Field(description="Owed to merchants for burned points.")
    paid_cents: int = Field(description="Paid out since the beginning.")
    days: list[SolvencyDayPublic]


@router.get("/solvency", summary="See whether the points are covered", dependencies=[public()])
def get_solvency(session: ReadSession, clock: Now, config: ConfigDep) -> SolvencyPublic:
    """Return today's figures, read from the ledger, and those of the last year's days."""
    found = solvency.measure(session, config.rate_micro_cents_per_unit)
    today = clock.now().astimezone(close_day.ZONE).date()
    return SolvencyPublic(
        outstanding_units=found.outstanding_units,
        rate_micro_cents_per_unit=config.rate_micro_cents_per_unit,
        liability_cents=found.liability_cents,
        reserve_cents=found.reserve_cents,
        missing_cents=found.missing_cents,
        is_covered=found.missing_cents == 0,
        owed_cents=found.owed_cents,
        paid_cents=found.paid_cents,
        days=[
            SolvencyDayPublic.model_validate(day, from_attributes=True)
            for day in queries.solvency(session, since=today - SPAN)
        ],
    )
