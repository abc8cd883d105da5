"""Pure words of rewards: life of a tranche, receipt leaves, Merkle roots, mint words."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from backend.kernel.canonical import JSONValue, canonical_json

SALT_BYTES = 16
ON_MASS_BALANCE: Final = "on_mass_balance_or_after_days"
"""Release condition of a tranche that waits for its station to be weighed."""
ON_REGISTER: Final = "on_register"
"""Release condition of a tranche that waits for the national carpool register; time alone never
releases it."""
STILL_HERE = ("held", "ready")
"""States of a tranche that no transaction holds, so that it can be taken back."""


class RewardState(StrEnum):
    """Life of one tranche of a reward."""

    HELD = "held"
    """Granted; its holding time or its station's mass balance is not over."""
    READY = "ready"
    """May be minted as soon as its owner has an address."""
    BATCHED = "batched"
    """Inside a transaction; the batch knows how far it is."""
    CONFIRMED = "confirmed"
    """Minted and deep enough; the points can be spent."""
    QUARANTINED = "quarantined"
    """The contract or the signer refuses it by itself; a person looks at it, the rest goes on."""
    CANCELLED = "cancelled"
    """Clawed back before it was minted."""
    FORFEITED = "forfeited"
    """Its account was erased before it was minted."""


def part_of(moves: Mapping[str, int], part: int, whole: int) -> dict[str, int]:
    """Return the part of counter moves that belongs to a part of an amount, rounded down.

    Rounding down gives back too little rather than too much: caps hold (I-6).
    """
    return {key: delta * part // whole for key, delta in moves.items()}


def receipt_leaf(*, salt: bytes, public: JSONValue, private: JSONValue) -> bytes:
    """Commit to a receipt without revealing it.

    Returns:
        32 bytes: SHA-256(0x00 ‖ salt ‖ SHA-256(public) ‖ SHA-256(private)). The
        0x00 keeps a leaf from passing for an inner node (RFC 6962, section 2.1).
    """
    return hashlib.sha256(
        b"\x00"
        + salt
        + hashlib.sha256(canonical_json(public)).digest()
        + hashlib.sha256(canonical_json(private)).digest()
    ).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle root of leaves in order (RFC 6962 tree shape, SHA-256).

    Raises:
        ValueError: There is no leaf.
    """
    if not leaves:
        msg = "a Merkle tree needs at least one leaf"
        raise ValueError(msg)
    level = list(leaves)
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest()
            for i in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def mint_word(*, address: str, reward_id: int, units: int) -> bytes:
    """Pack one reward as the contract reads it: address(160) ‖ id(48) ‖ units(48).

    Raises:
        ValueError: A part does not fit its field.
    """
    if not 0 <= reward_id < 2**48 or not 0 < units < 2**48:
        msg = f"reward {reward_id} of {units} units does not fit a mint word"
        raise ValueError(msg)
    return bytes.fromhex(address.removeprefix("0x")) + (reward_id << 48 | units).to_bytes(12, "big")


def unpack_mint_word(word: bytes) -> tuple[str, int, int]:
    """Return (lower-case address, reward id, units) of a mint word."""
    low = int.from_bytes(word[20:32], "big")
    return "0x" + word[:20].hex(), low >> 48, low & (2**48 - 1)
