"""What token and access manager in memory know of cancelled authorisations and of recoveries."""

from collections.abc import Mapping
from typing import Any, Protocol

from eth_utils.crypto import keccak

from backend.chain.deployment import CONTRACTS
from tests.support.builders import CHAIN_ID

_DESK = bytes([0xC1 + list(CONTRACTS).index("RedemptionDesk")]) * 20
"""As `fakes.CONTRACTS` has it."""
Pair = tuple[str, str]
"""Payer and nonce, or the two addresses of a recovery; addresses in lower case."""


class CustodyBooks(Protocol):
    """The books of `fakes.Books` that these calls touch."""

    units: dict[str, int]
    spent: dict[Pair, int]
    cancelled: set[Pair]
    scheduled: dict[Pair, int]


def nonce_of(*, merchant_id: int, payment_ref: str, salt: str) -> str:
    """Return the authorisation nonce that wallet and desk compute alike, 0x-hex."""
    packed = (
        CHAIN_ID.to_bytes(32, "big")
        + _DESK.rjust(32, b"\0")
        + merchant_id.to_bytes(32, "big")
        + bytes.fromhex(payment_ref.removeprefix("0x"))
        + bytes.fromhex(salt.removeprefix("0x"))
    )
    return "0x" + keccak(packed).hex()


def refusal(books: CustodyBooks, name: str, arguments: Mapping[str, Any], now_s: int) -> str:
    """Return the error that a call would revert with, empty when it passes."""
    match name:
        case "cancelAuthorization":
            named = _authorisation(arguments)
            is_used = named in books.spent or named in books.cancelled
            return "EcoToken_AuthorizationSpent" if is_used else ""
        case "schedule":
            return "AccessManagerAlreadyScheduled" if _inner(arguments) in books.scheduled else ""
        case "cancel":
            return "" if _inner(arguments) in books.scheduled else "AccessManagerNotScheduled"
        case "recover":
            return _recovery_refusal(books, arguments, now_s)
        case _:
            return ""


def _recovery_refusal(books: CustodyBooks, arguments: Mapping[str, Any], now_s: int) -> str:
    when_s = books.scheduled.get(_recovery(arguments))
    if when_s is None:
        return "AccessManagerNotScheduled"
    if when_s > now_s:
        return "AccessManagerNotReady"
    holds = books.units.get(arguments["previous"].lower(), 0)
    return "" if holds else "EcoToken_RecoveryRefused"


def execute(books: CustodyBooks, name: str, arguments: Mapping[str, Any]) -> None:
    """Do what a call that was not refused does."""
    match name:
        case "cancelAuthorization":
            books.cancelled.add(_authorisation(arguments))
        case "schedule":
            books.scheduled[_inner(arguments)] = arguments["when"]
        case "cancel":
            del books.scheduled[_inner(arguments)]
        case "recover":
            previous, replacement = _recovery(arguments)
            del books.scheduled[previous, replacement]
            moved, books.units[previous] = books.units[previous], 0
            books.units[replacement] = books.units.get(replacement, 0) + moved


def _authorisation(arguments: Mapping[str, Any]) -> Pair:
    return arguments["authorizer"].lower(), "0x" + arguments["nonce"].hex()


def _recovery(arguments: Mapping[str, Any]) -> Pair:
    return arguments["previous"].lower(), arguments["replacement"].lower()


def _inner(arguments: Mapping[str, Any]) -> Pair:
    data = arguments["data"]
    return "0x" + data[16:36].hex(), "0x" + data[48:68].hex()
