"""Pure words of carpool journeys: statuses of the register, when to ask again, pseudonyms."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum

MIN_PEPPER_BYTES = 32
FIRST_CHECK_AFTER = timedelta(hours=48)
"""The register's checks are over 48 h after departure (its API documentation, version 3.3)."""
RETRY_EVERY = timedelta(hours=1)
SILENT_AFTER = timedelta(days=7)
"""A register that has not answered by then has not confirmed the journey: nothing is paid. The
register itself counts a journey as valid when its service was away; that is how bad trips pass."""
RECHECK_EVERY = timedelta(days=1)
WATCH_FOR = timedelta(days=40)
"""An operator may invalidate a journey at any time; one invalidated after the 6th of the month
that follows is still paid by the register (same source). 37 days is the longest such wait."""


class RegisterStatus(StrEnum):
    """What the register says of a journey, in the words of its API."""

    OK = "ok"
    """Every check is over and passed."""
    PENDING = "pending"
    """Received; its checks are not over."""
    UNKNOWN = "unknown"
    """The register knows the journey and has no verdict; or it does not know the journey."""
    CANCELED = "canceled"
    """The operator withdrew it."""
    VALIDATION_ERROR = "validation_error"
    """It was sent in a wrong form."""
    ACQUISITION_ERROR = "acquisition_error"
    """The register could not take it in."""
    NORMALIZATION_ERROR = "normalization_error"
    """The register could not place it."""
    TERMS_VIOLATION_ERROR = "terms_violation_error"
    """Late, too short, too many or too close: refused on arrival."""
    ANOMALY_ERROR = "anomaly_error"
    """Impossible, or at the same time as another one."""
    FRAUD_ERROR = "fraud_error"
    """Sold at two operators, or too many in a day."""


REFUSING = frozenset(
    {
        RegisterStatus.CANCELED,
        RegisterStatus.VALIDATION_ERROR,
        RegisterStatus.ACQUISITION_ERROR,
        RegisterStatus.NORMALIZATION_ERROR,
        RegisterStatus.TERMS_VIOLATION_ERROR,
        RegisterStatus.ANOMALY_ERROR,
        RegisterStatus.FRAUD_ERROR,
    }
)
"""Statuses that end a journey's right to a reward."""


class JourneyState(StrEnum):
    """Life of a journey here."""

    RECORDED = "recorded"
    """Passed our checks on arrival; the register has not confirmed it."""
    CONFIRMED = "confirmed"
    """The register says ok; asked again for a while, since operators may withdraw it."""
    CLOSED = "closed"
    """Confirmed, and no longer asked about."""
    REFUSED = "refused"
    """Refused by our checks or by the register; earns nothing."""


class OperatorClass(StrEnum):
    """How well an operator proves a journey (national register)."""

    A = "A"
    """The operator says that two people agreed to share a car."""
    B = "B"
    """And shows the trip of one of them."""
    C = "C"
    """And shows the trips of all of them, with distinct identities."""


PAYABLE_CLASSES = frozenset({OperatorClass.B, OperatorClass.C})
"""Class A has no witness of the trip itself: P0 (docs/architecture.md, proof levels)."""


def next_check(
    status: RegisterStatus | None, *, started_at: datetime, now: datetime
) -> datetime | None:
    """Return when the register is asked next.

    Args:
        status: Its last answer; `None` before the first.
        started_at: Departure.
    Returns:
        An instant after `now`, or `None` when nothing more is asked.
    """
    if status is None:
        return max(started_at + FIRST_CHECK_AFTER, now)
    if status in REFUSING:
        return None
    if status == RegisterStatus.OK:
        again = now + RECHECK_EVERY
        return again if again <= started_at + WATCH_FOR else None
    return None if is_silent(started_at=started_at, now=now) else now + RETRY_EVERY


def is_silent(*, started_at: datetime, now: datetime) -> bool:
    """Tell whether the register has had its time to confirm a journey; the bound is included."""
    return now >= started_at + SILENT_AFTER


def pseudonym(pepper: bytes, identity_key: str) -> str:
    """Return our own name of a person that an operator names by the register's identity key.

    The register's key is an unsalted hash of telephone number and name, which a dictionary
    opens; only its HMAC under a secret of ours is kept.

    Returns:
        64 hex digits; the same for one person at every operator.
    Raises:
        ValueError: The secret is shorter than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError(f"the identity secret has at least {MIN_PEPPER_BYTES} bytes")
    return hmac.new(pepper, f"carpool|{identity_key}".encode(), hashlib.sha256).hexdigest()
