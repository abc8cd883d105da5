"""Pure words of the market: life of merchants, payments and cash-outs; points to euro."""

from datetime import timedelta
from enum import StrEnum
from math import gcd

MICRO_CENTS_PER_CENT = 1_000_000
PAYMENT_REQUEST_LIFE = timedelta(minutes=5)
"""How long a customer has to say yes at the till."""
AUTHORISATION_LIFE = timedelta(days=90)
"""Validity of a signed spend, from its acceptance. The wallet service asks for 29 days when it
signs, so it may be away for two months; a short validity could not be re-sent after an outage."""
MAX_PAYMENT_UNITS = 1_000_000
"""10,000 points: ten times what a heavy user earns in a year; a till typo, not a purchase."""


class MerchantState(StrEnum):
    """Life of a merchant on the chain."""

    DRAFT = "draft"
    """Known here, not yet registered on chain: cannot take payments."""
    REGISTERING = "registering"
    """Its registration is in a transaction."""
    ACTIVE = "active"
    """Can take payments."""


class PaymentState(StrEnum):
    """Life of a payment."""

    REQUESTED = "requested"
    """The till asks; nobody has confirmed."""
    ACCEPTED = "accepted"
    """The citizen confirmed and the points are set aside: the merchant can hand over the goods."""
    AUTHORISED = "authorised"
    """The spend is signed."""
    BATCHED = "batched"
    """Inside a transaction."""
    CONFIRMED = "confirmed"
    """In the merchant's takings on chain."""
    EXPIRED = "expired"
    """Nobody confirmed in time."""
    CANCELLED = "cancelled"
    """The till took the request back."""
    FAILED = "failed"
    """The chain refused it; the points went back to the citizen and the merchant was told."""


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
