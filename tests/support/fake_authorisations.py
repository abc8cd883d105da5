"""What the token in memory knows of authorisations that are called off."""

from collections.abc import Mapping
from typing import Any, Protocol

Authorisation = tuple[str, str]
"""Payer in lower case and nonce, 0x-hex."""


class AuthorisationBooks(Protocol):
    """The books of `fakes.Books` that a cancellation reads."""

    spent: dict[Authorisation, int]
    cancelled: set[Authorisation]


def authorisation(arguments: Mapping[str, Any]) -> Authorisation:
    """Return which authorisation a call of cancelAuthorization names."""
    return arguments["authorizer"].lower(), "0x" + arguments["nonce"].hex()


def is_consumed(books: AuthorisationBooks, name: str, arguments: Mapping[str, Any]) -> bool:
    """Tell whether a call would cancel what was used or cancelled before."""
    if name != "cancelAuthorization":
        return False
    named = authorisation(arguments)
    return named in books.spent or named in books.cancelled
