"""Reserve a transaction: simulate, price and take a nonce, then tie the items to it."""

from collections.abc import Callable

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, Fees
from backend.batches.service import Call
from backend.chain.node import MAX_TX_GAS
from backend.jobs.context import Context

GAS_LIMIT = MAX_TX_GAS * 85 // 100
"""15 % below the protocol's ceiling: state may change between estimate and block."""
GAS_HEADROOM_PERCENT = 130
PRIORITY_FEE_WEI = 1_000_000_000
BASE_FEE_ROOM = 2
"""The cap leaves room for six full blocks in a row (12.5 % each) before a replacement."""


def fresh_fees(base_fee_wei: int) -> Fees:
    """Return the fee caps of a first attempt."""
    return Fees(
        max_fee_per_gas_wei=base_fee_wei * BASE_FEE_ROOM + PRIORITY_FEE_WEI,
        max_priority_fee_per_gas_wei=PRIORITY_FEE_WEI,
    )


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
    """
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
