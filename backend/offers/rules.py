"""Pure words of offers: when one can be reserved, how long a reservation holds."""

from datetime import datetime, timedelta
from enum import StrEnum

HOLD_LIFE = timedelta(minutes=15)
"""How long stock waits for somebody who reserved: time to walk to the counter, not to forget."""
TITLE_MAX = 80
STOCK_MAX = 100_000
PER_PERSON_MAX = 20


class OfferState(StrEnum):
    """Life of an offer."""

    OPEN = "open"
    """Can be reserved while its time and stock last."""
    CLOSED = "closed"
    """Its merchant took it back; reservations stand until they end."""


class HoldState(StrEnum):
    """Life of a reservation."""

    RESERVED = "reserved"
    """One piece is set aside."""
    CAPTURED = "captured"
    """Paid; the citizen fetches it."""
    RELEASED = "released"
    """Not paid in time or given up; the piece is back in stock."""


def is_on(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    """Tell whether an instant lies in an offer's time, its end excluded."""
    return starts_at <= now < ends_at
