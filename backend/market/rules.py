"""Pure words of payments: their life, and how long things are good for."""

from datetime import timedelta
from enum import StrEnum

PAYMENT_REQUEST_LIFE = timedelta(minutes=5)
"""Pure words of payments: their life, and how long things are good for."""
AUTHORISATION_LIFE = timedelta(days=90)
"""Pure words of payments: their life, and how long things are good for."""
MAX_PAYMENT_UNITS = 1_000_000
"""Pure words of payments: their life, and how long things are good for."""


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
