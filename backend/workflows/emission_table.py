"""The table of emission factors: filled from the file that ships, read for verdicts."""

from fractions import Fraction

from sqlmodel import Session

from backend.mobility.emissions.factors import EmissionFactor, default_factors
from backend.trips import queries
from backend.trips import service as trips
from backend.trips.models import EmissionFactorRow

SCALE = 1_000
"""The table holds integers: thousandths of the unit."""


def seed(session: Session) -> int:
    """Add the editions that ship with the code and are not in the table; return how many."""
    return trips.put_factors(session, [_row(factor) for factor in default_factors()])


def factors_of(session: Session) -> tuple[EmissionFactor, ...]:
    """Return the table; before it was filled, what ships with the code."""
    return tuple(_factor(row) for row in queries.factors(session)) or default_factors()


def _row(factor: EmissionFactor) -> EmissionFactorRow:
    return EmissionFactorRow(
        code=factor.code,
        kind=factor.kind,
        value=round(Fraction(str(factor.value)) * SCALE),
        unit=factor.unit,
        scope=factor.scope,
        source=factor.source,
        source_url=factor.source_url,
        edition=factor.edition,
        licence=factor.licence,
        valid_from=factor.valid_from,
        valid_to=factor.valid_to,
    )


def _factor(row: EmissionFactorRow) -> EmissionFactor:
    return EmissionFactor(
        code=row.code,
        kind=row.kind,
        value=row.value / SCALE,
        unit=row.unit,
        scope=row.scope,
        source=row.source,
        source_url=row.source_url,
        edition=row.edition,
        licence=row.licence,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
