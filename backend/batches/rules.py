"""The legal life of a batch, in one table that code, database and docs share."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class BatchState(StrEnum):
    """Where a batch is between decision and finality."""

    RESERVED = "reserved"
    """Nonce, calldata and fees are fixed; nothing is signed."""
    SIGNED = "signed"
    """The signed bytes and their hash are stored; the node may not know them yet."""
    SENT = "sent"
    """The node was given the bytes at least once."""
    MINED = "mined"
    """A block of the live branch holds the transaction."""
    CONFIRMED = "confirmed"
    """Deep enough to act on; the sweep can still re-open it."""
    REVERTED = "reverted"
    """Mined, and the contract refused it; its items go back to their queue."""
    REPLACED = "replaced"
    """Another transaction took the nonce; its items go back to their queue."""


class BatchKind(StrEnum):
    """What the transaction does."""

    MINT = "mint"
    SPEND = "spend"
    CASH_OUT = "cash_out"
    REFUND = "refund"
    ANNOUNCE_MOVE = "announce_move"
    """Schedules the move of a citizen's points to another address of theirs."""
    WITHDRAW_MOVE = "withdraw_move"
    """Takes that announcement back: the citizen undid it in the cool-down."""
    MOVE_POINTS = "move_points"
    """Moves them, once the cool-down is over."""
    CANCEL_PAYMENT = "cancel_payment"
    """Makes an authorisation useless, so that a payment that waits can be given back."""
    REGISTER_MERCHANT = "register_merchant"
    PUBLISH_EDITION = "publish_edition"
    OPEN_INCARNATION = "open_incarnation"
    GAP_FILLER = "gap_filler"
    """Pays nothing to its own sender, so that the nonces behind it can be mined."""
    CANCEL_EDITION = "cancel_edition"
    """The guardian withdraws a published edition before it takes effect."""
    PAUSE_MINT = "pause_mint"
    """The guardian stops issuance, because somebody else minted."""


@dataclass(frozen=True)
class Fees:
    """EIP-1559 fee caps, in wei per gas."""

    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


BUMP_PERMILLE = 1125
"""A replacement offers 12.5 % more: nodes want at least 10 % on both caps (geth's price bump)."""


FEE_CAP_WEI = 400_000_000_000
"""400 gwei, below the 500 that the wallet service signs: beyond it waiting is cheaper."""
PRIORITY_FEE_WEI = 1_000_000_000
BASE_FEE_ROOM = 2
"""The cap leaves room for six full blocks in a row (12.5 % each) before a replacement."""


def first_fees(base_fee_wei: int) -> Fees | None:
    """Return the fees of a first attempt; `None` when blocks want more than we ever pay."""
    if base_fee_wei + PRIORITY_FEE_WEI > FEE_CAP_WEI:
        return None
    wanted_wei = base_fee_wei * BASE_FEE_ROOM + PRIORITY_FEE_WEI
    return Fees(min(wanted_wei, FEE_CAP_WEI), PRIORITY_FEE_WEI)


def replacement_fees(last: Fees, *, base_fee_wei: int, cap_wei: int) -> Fees | None:
    """Return the fees of a replacement that nodes accept and blocks include.

    Args:
        last: Fees of the newest attempt.
        base_fee_wei: Base fee of the newest block.
        cap_wei: Most that we pay per gas, ever.
    Returns:
        Both caps raised by BUMP_PERMILLE at least; `None` when that passes the cap: hold
        the bytes that stand and wait for the fee to fall.
    """
    tip_wei = -(-last.max_priority_fee_per_gas_wei * BUMP_PERMILLE // 1000)
    bumped_wei = -(-last.max_fee_per_gas_wei * BUMP_PERMILLE // 1000)
    wanted_wei = max(bumped_wei, base_fee_wei * 2 + tip_wei)
    if bumped_wei > cap_wei or base_fee_wei + tip_wei > cap_wei:
        return None
    return Fees(min(wanted_wei, cap_wei), tip_wei)


class Move(NamedTuple):
    """One legal step and why it exists."""

    source: BatchState
    target: BatchState
    reason: str


MOVES = (
    Move(BatchState.RESERVED, BatchState.SIGNED, "the wallet service signed the reserved fields"),
    Move(BatchState.SIGNED, BatchState.SENT, "the node took the bytes"),
    Move(BatchState.SIGNED, BatchState.MINED, "an earlier run sent it and died before noting so"),
    Move(BatchState.SENT, BatchState.MINED, "a block of the live branch holds it"),
    Move(BatchState.MINED, BatchState.CONFIRMED, "enough blocks lie on top"),
    Move(BatchState.MINED, BatchState.SENT, "a reorganisation dropped its block"),
    Move(BatchState.CONFIRMED, BatchState.SENT, "a deep reorganisation dropped its block"),
    Move(BatchState.SENT, BatchState.REVERTED, "mined with status 0"),
    Move(BatchState.SIGNED, BatchState.REVERTED, "mined with status 0, found late"),
    Move(BatchState.MINED, BatchState.REVERTED, "mined again with status 0 after a reorganisation"),
    Move(BatchState.REVERTED, BatchState.RESERVED, "its reverting block is gone: now a filler"),
    Move(BatchState.RESERVED, BatchState.REPLACED, "restored; its nonce was used since the backup"),
    Move(BatchState.SIGNED, BatchState.REPLACED, "the nonce was used by another transaction"),
    Move(BatchState.REPLACED, BatchState.RESERVED, "its nonce is free again: now a filler"),
    Move(BatchState.SENT, BatchState.REPLACED, "the nonce was used by another transaction"),
)

LEGAL = {(move.source, move.target) for move in MOVES}

OPEN_STATES = (BatchState.RESERVED, BatchState.SIGNED, BatchState.SENT, BatchState.MINED)
"""States in which a batch still needs work."""


def sources_of(target: BatchState) -> list[BatchState]:
    """Return the states from which `target` can be reached in one step."""
    return [move.source for move in MOVES if move.target == target]
