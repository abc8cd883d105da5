"""What the desk in memory does with a refund, and how its errors are spelled."""

from collections.abc import Mapping
from typing import Any, Protocol

from eth_utils.abi import event_signature_to_log_topic

from backend.chain.contracts import abi
from backend.chain.deployment import CONTRACTS

_USED = event_signature_to_log_topic("RedemptionDesk_ReferenceUsed()")[:4]
_SHORT = event_signature_to_log_topic("RedemptionDesk_TakingsInsufficient()")[:4]


class RefundBooks(Protocol):
    """The books of `fakes.Books` that a refund touches."""

    units: dict[str, int]
    takings: dict[int, int]
    refunded: set[str]


def refund(books: RefundBooks, item: Mapping[str, Any]) -> bytes:
    """Give units back from the takings; return the reason of a refusal, empty when done."""
    ref = "0x" + item["refundRef"].hex()
    if ref in books.refunded:
        return _USED
    if books.takings.get(item["merchantId"], 0) < item["units"]:
        return _SHORT
    books.takings[item["merchantId"]] -= item["units"]
    books.units[item["to"].lower()] += item["units"]
    books.refunded.add(ref)
    return b""


def selector(error: str) -> str:
    """Return the revert data of a custom error of ours, 0x-hex; its arguments are left out."""
    for name in CONTRACTS:
        for entry in abi(name):
            if entry["type"] == "error" and entry["name"] == error:
                types = ",".join(argument["type"] for argument in entry["inputs"])
                return "0x" + event_signature_to_log_topic(f"{error}({types})")[:4].hex()
    raise KeyError(error)
