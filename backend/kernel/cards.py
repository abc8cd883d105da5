"""How a card is named where its secret must not be known: in signed codes and in tables."""

import hashlib

REF_BYTES = 8
"""64 bits: two cards of a metropolis share a name once in ten million metropolises."""


def card_ref(secret: str) -> str:
    """Return the name of a card, 16 hex digits of the hash of its secret.

    Args:
        secret: 16 characters in their one spelling, upper case without spaces.
    """
    return hashlib.sha256(f"calanque-card/{secret}".encode()).digest()[:REF_BYTES].hex()
