"""Reserve a transaction: simulate, price and take a nonce, then tie the items to it."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, Fees, first_fees
from backend.batches.service import Call
from backend.chain.node import MAX_TX_GAS
from backend.jobs.context import Context
from backend.jobs.lineage import require_newest
from backend.kernel.errors import EcoError, ErrorKind

GAS_LIMIT = MAX_TX_GAS * 85 // 100
"""15 % below the protocol's ceiling: state may change between estimate and block."""
GAS_HEADROOM_PERCENT = 130
_FOR_EVERYBODY = frozenset({BatchKind.OPEN_INCARNATION, BatchKind.PAUSE_MINT})
"""What makes a database the newest, and what only stops."""


class FeesTooHighError(EcoError):
    """Blocks want more per gas than we ever pay; nothing is reserved until that ends."""

    def __init__(self, base_fee_wei: int) -> None:
        super().__init__(
            ErrorKind.UNAVAILABLE,
            "fees_too_high",
            f"The chain asks {base_fee_wei // 10**9} gwei per gas; work waits until it asks less.",
            base_fee_wei=base_fee_wei,
        )


def fresh_fees(base_fee_wei: int) -> Fees:
    """Return the fees of a first attempt.

    Raises:
        FeesTooHighError: They would pass the ceiling.
    """
    fees = first_fees(base_fee_wei)
    if fees is None:
        raise FeesTooHighError(base_fee_wei)
    return fees


class LostRaceError(Exception):
    """Another runner took some of the items; this reservation is rolled back."""


def reserve(  # noqa: PLR0913 - what a transaction is made of
    context: Context,
    *,
    kind: BatchKind,
    key_label: str,
    contract: str,
    calldata: str,
    attach: Callable[[Session, Batch], bool],
    item_count: int = 1,
    edition_number: int | None = None,
) -> Batch | None:
    """Simulate a call and reserve it with its items in one transaction.

    Args:
        attach: Ties the items to the batch; False rolls everything back.
    Returns:
        The batch, or `None` when another runner was faster.
    Raises:
        CallRevertedError: The contract would refuse it now (paused, limit used up …).
        NodeUnavailableError: The node is away.
        FeesTooHighError: Fees are above the ceiling.
        SupersededError: Another database took over.
    """
    if kind not in _FOR_EVERYBODY:
        require_newest(context)
    sender = context.sender(key_label)
    to_address = context.contracts.address(contract)
    gas = context.node.estimate_gas(to_address=to_address, calldata=calldata, sender=sender.address)
    fees = fresh_fees(context.node.base_fee_wei())
    call = Call(
        kind=kind,
        to_address=to_address,
        calldata=calldata,
        gas=min(gas * GAS_HEADROOM_PERCENT // 100, GAS_LIMIT),
        item_count=item_count,
        edition_number=edition_number,
    )
    chain_nonce = context.node.transaction_count(sender.address)
    try:
        with context.database.transaction() as session:
            batch = batches.reserve(
                session,
                sender=sender,
                call=call,
                fees=fees,
                chain_nonce=chain_nonce,
                at=context.clock.now(),
            )
            if not attach(session, batch):
                raise LostRaceError  # noqa: TRY301 - rolls the reservation back
    except (LostRaceError, IntegrityError):
        # IntegrityError: two runners picked the same nonce; the row of one stands.
        return None
    return batch
