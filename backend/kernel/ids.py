"""Identifiers: opaque row ids, and the 48-bit id under which a reward is minted once, ever."""

import secrets
import time
from typing import NewType

AccountId = NewType("AccountId", str)
ClaimCounter = NewType("ClaimCounter", int)
RewardId = NewType("RewardId", int)
"""tranche(4) ‖ incarnation(12) ‖ counter(32), the id that EcoToken consumes."""

MAX_TRANCHE = 2**4 - 1
MAX_INCARNATION = 2**12 - 1
MAX_COUNTER = 2**32 - 1


def new_id() -> str:
    """Make an opaque, unguessable row id that sorts by creation time.

    Returns:
        32 hex digits laid out as UUID version 7 (RFC 9562): 48 bits of
        milliseconds, then 74 random bits.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(secrets.token_bytes(10), "big")
    value = milliseconds << 80 | random_bits
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return f"{value:032x}"


def pack_reward_id(*, tranche: int, incarnation: int, counter: int) -> RewardId:
    """Pack the parts of a reward id into 48 bits.

    Args:
        tranche: 0 to 15; 0 is what is released first.
        incarnation: 0 to 4095, handed out by the chain (`EcoToken.openIncarnation`).
        counter: 0 to 2**32 - 1, fixed when the claim is stored.

    Raises:
        ValueError: A part does not fit its field.
    """
    if not 0 <= tranche <= MAX_TRANCHE:
        msg = f"tranche {tranche} is outside 0..{MAX_TRANCHE}"
        raise ValueError(msg)
    if not 0 <= incarnation <= MAX_INCARNATION:
        msg = f"incarnation {incarnation} is outside 0..{MAX_INCARNATION}"
        raise ValueError(msg)
    if not 0 <= counter <= MAX_COUNTER:
        msg = f"counter {counter} is outside 0..{MAX_COUNTER}"
        raise ValueError(msg)
    return RewardId(tranche << 44 | incarnation << 32 | counter)


def unpack_reward_id(reward_id: int) -> tuple[int, int, int]:
    """Return (tranche, incarnation, counter) of a packed id."""
    return reward_id >> 44 & MAX_TRANCHE, reward_id >> 32 & MAX_INCARNATION, reward_id & MAX_COUNTER
