"""Pure words of settlement: life of a cash-out; points to euro."""

from enum import StrEnum
from math import gcd

MICRO_CENTS_PER_CENT = 1_000_000


class CashOutState(StrEnum):
    """Life of a cash-out."""

    REQUESTED = "requested"
    """The takings are set aside."""
    BATCHED = "batched"
    """The burn is inside a transaction."""
    CONFIRMED = "confirmed"
    """Burned on chain; the euro may be paid."""
    FAILED = "failed"
    """The chain refused it; the takings went back."""


def cash_out_units(takings_units: int, rate_micro_cents_per_unit: int) -> int:
    """Return the largest amount within the takings that makes whole cents.

    Args:
        takings_units: What the merchant holds, not negative.
        rate_micro_cents_per_unit: Price of a unit in millionths of a euro cent, above zero.
    Returns:
        Units to burn; the rest stays in the takings, so nothing is ever rounded.
    """
    step_units = MICRO_CENTS_PER_CENT // gcd(MICRO_CENTS_PER_CENT, rate_micro_cents_per_unit)
    return takings_units - takings_units % step_units


def euro_cents(units: int, rate_micro_cents_per_unit: int) -> int:
    """Return the euro cents of an amount that makes whole cents.

    Raises:
        ValueError: The amount does not make whole cents.
    """
    cents, rest = divmod(units * rate_micro_cents_per_unit, MICRO_CENTS_PER_CENT)
    if rest:
        msg = f"{units} units do not make whole cents"
        raise ValueError(msg)
    return cents
