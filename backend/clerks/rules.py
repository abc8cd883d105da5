"""Pure rules of clerks: PINs, how often one may guess, how long a till stays open."""

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum

PIN_TRIES = 5
"""Wrong PINs in a row before a clerk is locked."""
LOCK_LIFE = timedelta(minutes=15)
"""How long; one more wrong PIN afterwards locks again, so that is 96 guesses a day of 10,000,
and only from a browser that the owner made a till."""
TILL_LIFE = timedelta(days=400)
"""How long a browser stays a till: as long as browsers keep a cookie (RFC 6265bis, 5.5)."""
NAME_MAX = 40
CLERKS_MAX = 50
"""Clerks of one shop at a time."""
_FIRST_PIN_DIGITS = 6
_SCRYPT = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""Some 50 ms and 16 MiB a guess. Source: RFC 7914, 2, read 2026-11-26."""
_RUN = "01234567890"


class ClerkState(StrEnum):
    """Life of a clerk."""

    ACTIVE = "active"
    """May sign in at a till of the shop."""
    REVOKED = "revoked"
    """Works there no more; what was taken stays in the books."""


def is_pin(text: str) -> bool:
    """Tell whether a text can be a PIN: 4 to 8 digits, neither one digit repeated nor a run.

    >>> [is_pin(text) for text in ("2580", "1111", "1234", "12a4")]
    [True, False, False, False]
    """
    is_digits = text.isascii() and text.isdigit() and 4 <= len(text) <= 8  # noqa: PLR2004 - says it best
    is_simple = len(set(text)) == 1 or text in _RUN or text in _RUN[::-1]
    return is_digits and not is_simple


def new_pin() -> str:
    """Draw the PIN that an owner hands to a clerk for the first time."""
    while True:
        pin = f"{secrets.randbelow(10**_FIRST_PIN_DIGITS):0{_FIRST_PIN_DIGITS}d}"
        if is_pin(pin):
            return pin


def new_salt() -> str:
    """Draw the random text inside a PIN's hash."""
    return secrets.token_hex(16)


def pin_hash(pin: str, salt: str) -> str:
    """Return what the database keeps of a PIN, hex; slow on purpose."""
    return hashlib.scrypt(pin.encode(), salt=salt.encode(), **_SCRYPT).hex()


def new_till_token() -> str:
    """Draw what the cookie of a till holds."""
    return secrets.token_urlsafe(32)


def till_id(token: str) -> str:
    """Return what the database keeps of it; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
