"""The factor table: read once, looked up by code and day, never edited in place.

Gross end-of-life impacts have kind `impact`. Subtracting them from each other makes glass
recycling look worse than landfill, so `avoided_factor` refuses them: only net lines count.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from backend.kernel.errors import NotFoundError

SEED_PATH = Path(__file__).with_name("factors.csv")
KINDS = ("emission", "impact", "avoided")


@dataclass(frozen=True, slots=True)
class EmissionFactor:
    """One line of the table.

    Attributes:
        code: Dotted name, the same in every edition.
        kind: `emission` of an activity, gross `impact` of an end of life, or net `avoided`.
        value: Grams of CO2 equivalent per `unit`.
        unit: g/pkm, g/vkm or g/kg.
        scope: What the figure includes.
        valid_to: Last day, or `None` while the edition stands.
    """

    code: str
    kind: str
    value: float
    unit: str
    scope: str
    source: str
    source_url: str
    edition: str
    licence: str
    valid_from: date
    valid_to: date | None

    @property
    def factor_id(self) -> str:
        """Name that a receipt keeps: code and edition."""
        return f"{self.code}@{self.edition}"


def read_factors(path: Path = SEED_PATH) -> tuple[EmissionFactor, ...]:
    """Read a table of factors.

    Raises:
        ValueError: A line has an unknown kind, or a negative value.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_factor(row) for row in csv.DictReader(file))


@lru_cache(maxsize=1)
def default_factors() -> tuple[EmissionFactor, ...]:
    """Return the table that ships with the code, read once per process."""
    return read_factors()


def factor_at(factors: tuple[EmissionFactor, ...], code: str, day: date) -> EmissionFactor:
    """Return the edition of a factor in force on a day; before the first one, the first.

    Raises:
        NotFoundError: No edition has this code, or the last one ended before the day.
    """
    editions = sorted((f for f in factors if f.code == code), key=lambda f: f.valid_from)
    in_force = [f for f in editions if f.valid_from <= day and (f.valid_to or day) >= day]
    if in_force:
        return in_force[-1]
    if editions and day < editions[0].valid_from:
        return editions[0]
    raise NotFoundError("emission_factor", code)


def avoided_factor(factors: tuple[EmissionFactor, ...], code: str, day: date) -> EmissionFactor:
    """Return a factor that may be shown as avoided emissions.

    Raises:
        NotFoundError: None has this code, or it is a gross impact.
    """
    factor = factor_at(factors, code, day)
    if factor.kind != "avoided":
        raise NotFoundError("avoided_emission_factor", code)
    return factor


def _factor(row: dict[str, str]) -> EmissionFactor:
    if row["kind"] not in KINDS or float(row["value"]) < 0:
        raise ValueError(f"factor {row['code']}: unknown kind or negative value")
    return EmissionFactor(
        code=row["code"],
        kind=row["kind"],
        value=float(row["value"]),
        unit=row["unit"],
        scope=row["scope"],
        source=row["source"],
        source_url=row["source_url"],
        edition=row["edition"],
        licence=row["licence"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )
