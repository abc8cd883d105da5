"""CO2 avoided by a trip against the same distance alone in a thermal car. Pure."""

from dataclasses import dataclass
from datetime import date

from backend.mobility.emissions.factors import EmissionFactor, factor_at

REFERENCE = "car.thermal.solo"
FACTOR_OF_MODE = {
    "walk": "walk",
    "bike": "bike.electric",
    "bus": "bus.diesel",
    "rail": "train.ter",
    "car": "car.thermal.solo",
}
"""The least favourable factor that the mode allows: a trace cannot tell an electric bike from
another one, nor a tram from a regional train. A witness that knows may name a better code."""


@dataclass(frozen=True, slots=True)
class Avoided:
    """Grams of CO2 equivalent avoided, and the two factors that say so."""

    grams: int
    factor_id: str
    reference_id: str


def avoided_by(
    factors: tuple[EmissionFactor, ...], code: str, distance_m: float, day: date
) -> Avoided:
    """Return what a distance avoids, rounded down; never negative.

    Args:
        code: Code of the factor of what was used, for example `bike.electric`.

    Raises:
        NotFoundError: The table has no such factor on that day.
    """
    used, reference = factor_at(factors, code, day), factor_at(factors, REFERENCE, day)
    grams = max(reference.value - used.value, 0.0) * distance_m / 1000
    return Avoided(int(grams), used.factor_id, reference.factor_id)
