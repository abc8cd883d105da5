"""Pure words of custody: who holds a citizen's key, and the life of a move."""

import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from eth_utils.address import to_checksum_address

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
CHALLENGE_LIFE = timedelta(minutes=10)
"""Long enough to find the wallet's window, short enough that nobody finds it open later."""
LOST_KEY_WAIT = timedelta(days=7)
"""A move without the wallet's signature: its owner must have the time to see it and object."""
OPERATION_LIFE = timedelta(days=6)
"""A scheduled operation lapses a week after its time (OpenZeppelin, AccessManager.expiration);
a day less, so that one that is about to lapse is scheduled anew."""


class Custody(StrEnum):
    """Who holds the key of an address."""

    SERVICE = "service"
    """The wallet service, for the citizen."""
    OWN = "own"
    """The citizen's own wallet."""


class MoveDirection(StrEnum):
    """Where points go."""

    OUT = "out"
    """From the kept account to an own wallet; the wallet signs that it is there."""
    BACK = "back"
    """From the own wallet to the kept account; the wallet signs that it agrees."""
    LOST = "lost"
    """Back without the wallet, whose key is lost; takes LOST_KEY_WAIT."""
    LEFTOVER = "leftover"
    """Refunds that arrived at an address that was left; they follow to the current one."""


class MoveState(StrEnum):
    """Life of a move."""

    CHALLENGED = "challenged"
    """The wallet is asked for a signature."""
    SIGNED = "signed"
    """A signature came; the jobs runner checks it."""
    VERIFIED = "verified"
    """Proven, or needs no proof; to be announced on chain."""
    SCHEDULING = "scheduling"
    """The announcement is inside a transaction."""
    WAITING = "waiting"
    """Announced; the cool-down runs and the citizen can undo."""
    CANCELLING = "cancelling"
    """Undone; the announcement is being withdrawn."""
    EXECUTING = "executing"
    """The points are on their way; payments wait."""
    DONE = "done"
    """Final."""
    CANCELLED = "cancelled"
    """Undone, by the citizen or by the guardian; nothing moved."""
    REFUSED = "refused"
    """The signature is not the wallet's, or the address cannot hold points."""


OPEN_STATES = frozenset(MoveState) - {MoveState.DONE, MoveState.CANCELLED, MoveState.REFUSED}
UNDOABLE = frozenset(
    {
        MoveState.CHALLENGED,
        MoveState.SIGNED,
        MoveState.VERIFIED,
        MoveState.SCHEDULING,
        MoveState.WAITING,
    }
)
"""States in which the citizen can still undo."""

_ACTIONS: Mapping[MoveDirection, str] = {
    MoveDirection.OUT: "Hold my Calanque points in this wallet from now on",
    MoveDirection.BACK: "Give my Calanque points back to the metropolis to keep for me",
}
MOVE_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "CustodyMove": [
        {"name": "action", "type": "string"},
        {"name": "source", "type": "address"},
        {"name": "target", "type": "address"},
        {"name": "nonce", "type": "bytes32"},
        {"name": "expires", "type": "uint256"},
    ],
}


def usable_address(text: str) -> str | None:
    """Return an address in its one spelling; `None` for anything else and for a typing error.

    A mixed-case address carries a checksum (EIP-55); one in a single case carries none.
    """
    typed = text.strip()
    if not _ADDRESS.fullmatch(typed) or not int(typed, 16):
        return None
    spelled = str(to_checksum_address(typed))
    digits = typed[2:]
    is_plain = digits in (digits.lower(), digits.upper())
    return spelled if is_plain or typed == spelled else None


def is_signature(text: str) -> bool:
    """Tell whether a text has the shape of a wallet's signature."""
    return _SIGNATURE.fullmatch(text.strip()) is not None


def new_nonce() -> str:
    """Draw the number that makes a challenge work once, 0x-hex."""
    return "0x" + secrets.token_hex(32)


def challenge(
    direction: MoveDirection,
    *,
    chain_id: int,
    token: str,
    source: str,
    target: str,
    nonce: str,
    expires_s: int,
) -> dict[str, Any]:
    """Return the EIP-712 typed data that the own wallet signs for a move.

    The domain differs from the token's, so that no signature of one means anything to the other.
    """
    return {
        "types": MOVE_TYPES,
        "primaryType": "CustodyMove",
        "domain": {
            "name": "Calanque",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": token,
        },
        "message": {
            "action": _ACTIONS[direction],
            "source": source,
            "target": target,
            "nonce": nonce,
            "expires": expires_s,
        },
    }


def signer_of(direction: MoveDirection, *, source: str, target: str) -> str:
    """Return the own wallet's side of a signed move."""
    return target if direction == MoveDirection.OUT else source
