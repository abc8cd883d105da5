"""Pure rules of cards: secrets, spellings, lives."""

import secrets
from datetime import timedelta
from enum import StrEnum

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters without 0/O and 1/I, which people confuse."""
SECRET_CHARS = 16
"""80 bits: nobody finds a card by trying."""
PASS_LIVES = timedelta(minutes=3)
"""Long enough for a queue's last metre, too short for a photo to be worth anything."""
PASS_SHOWN = timedelta(seconds=60)
"""After this the phone shows another one."""
PASS_KEPT = timedelta(hours=80)
"""Counters may send what they signed for 72 h (devices.rules.Windows.attended_s)."""
CARDS_MAX = 4
"""Active cards of one account: one for each pocket, not one for each friend."""


class BlockReason(StrEnum):
    """Why a card was blocked."""

    LOST = "lost"
    STOLEN = "stolen"
    REPLACED = "replaced"


def new_secret() -> str:
    """Draw a card's secret."""
    return "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARS))


def secret_in(text: str) -> str | None:
    """Return the secret in what was scanned or typed: a card's link, or the bare characters."""
    plain = text.strip().upper().rpartition("/C/")[2].replace(" ", "").replace("-", "")
    return plain if len(plain) == SECRET_CHARS and set(plain) <= set(ALPHABET) else None


def grouped(secret: str) -> str:
    """Write a secret for reading aloud: ABCD EFGH JKLM NPQR."""
    return " ".join(secret[start : start + 4] for start in range(0, SECRET_CHARS, 4))


def url_of(secret: str, base_url: str) -> str:
    """Return the upper-case link that goes into the card's QR."""
    return f"{base_url.rstrip('/')}/C/{secret}".upper()
