"""What points are worth at a till, for people."""

from backend.http.deps import Config
from backend.kernel.units import UNITS_PER_POINT

MICRO_CENTS_PER_CENT = 1_000_000


def worth_cents(units: int, config: Config) -> int:
    """Return what units buy in whole euro cents, rounded down: nobody is promised too much."""
    return units * config.rate_micro_cents_per_unit // MICRO_CENTS_PER_CENT


def point_cents(config: Config) -> int:
    """Return what one point buys in whole euro cents."""
    return worth_cents(UNITS_PER_POINT, config)
