"""What a call moves and for whom, read from its calldata alone. Pure."""

from collections.abc import Mapping

from wallet_service.calldata import Argument, bytes_of, decode, shape_of
from wallet_service.errors import PolicyDeniedError
from wallet_service.hashing import ADDRESS_BYTES
from wallet_service.limits import CANCEL, RECOVER, SCHEDULE, CallRule, ContractName, Meter

REWARD_UNITS_BITS = 48
REWARD_ID_BITS = 48

Contracts = Mapping[ContractName, bytes]


def metered_units(rule: CallRule, data: bytes) -> tuple[int, ...]:
    """Read the units of each item from the calldata of a call.

    Returns:
        One amount per item; a single zero for a call that moves nothing.
    Raises:
        PolicyDeniedError: The calldata is not the canonical encoding of the rule's function.
    """
    arguments = decode(shape_of(rule.signature), data)
    if rule.meter in (Meter.NONE, Meter.RECOVERY):
        return (0,)
    if rule.meter is Meter.REWARD_WORDS:
        return _reward_units(arguments[-1])
    return tuple(row[rule.units_field] for row in arguments[rule.units_argument])


def recovery_parties(
    rule: CallRule, data: bytes, *, sender: bytes, contracts: Contracts
) -> tuple[bytes, ...]:
    """Read whom a recovery moves points from and to, through the manager's wrapping if any.

    Raises:
        PolicyDeniedError: Anything but `recover` of the pinned token is scheduled or cancelled,
            or somebody else's operation is cancelled.
    """
    if rule.meter is not Meter.RECOVERY:
        return ()
    arguments = decode(shape_of(rule.signature), data)
    inner = data
    if rule.signature in (SCHEDULE, CANCEL):
        *callers, target = (row[0][0] for row in arguments[: arguments_before_bytes(rule)])
        inner = bytes_of(arguments[arguments_before_bytes(rule)])
        if _address(target) != contracts.get(ContractName.ECO_TOKEN):
            raise PolicyDeniedError(
                "operation_denied",
                "Only recoveries of the pinned token are scheduled or cancelled.",
            )
        if any(_address(caller) != sender for caller in callers):
            raise PolicyDeniedError(
                "operation_foreign", "The recoverer cancels its own operations only."
            )
    previous, replacement = (row[0][0] for row in decode(shape_of(RECOVER), inner))
    return _address(previous), _address(replacement)


def arguments_before_bytes(rule: CallRule) -> int:
    """Return the place of the `bytes` argument of a scheduling or cancelling call."""
    return next(
        place for place, item in enumerate(shape_of(rule.signature).arguments) if item.is_bytes
    )


def _address(number: int) -> bytes:
    return number.to_bytes(ADDRESS_BYTES, "big")


def check_amounts(rule: CallRule, amounts: tuple[int, ...]) -> None:
    """Hold the units of each item against what one call may move.

    Raises:
        PolicyDeniedError: No item, too many, or one or all of them above their ceiling.
    """
    if not 0 < len(amounts) <= rule.items_per_call_max:
        raise PolicyDeniedError(
            "items_denied", f"{len(amounts)} items; one call takes 1 to {rule.items_per_call_max}."
        )
    if max(amounts) > rule.units_per_item_max:
        raise PolicyDeniedError(
            "item_units_denied",
            f"An item of {max(amounts)} units is above {rule.units_per_item_max}.",
        )
    if sum(amounts) > rule.units_per_call_max:
        raise PolicyDeniedError(
            "call_units_denied",
            f"{sum(amounts)} units in one call are above {rule.units_per_call_max}.",
        )


def _reward_units(words: Argument) -> tuple[int, ...]:
    rows = [row[0] for row in words]
    ids = [(row >> REWARD_UNITS_BITS) & ((1 << REWARD_ID_BITS) - 1) for row in rows]
    if len(set(ids)) != len(ids):
        raise PolicyDeniedError("reward_id_repeated", "A reward id stands twice in the batch.")
    if any(row >> (REWARD_UNITS_BITS + REWARD_ID_BITS) == 0 for row in rows):
        raise PolicyDeniedError("recipient_missing", "A reward word names no recipient.")
    return tuple(row & ((1 << REWARD_UNITS_BITS) - 1) for row in rows)
