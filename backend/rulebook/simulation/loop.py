"""The sequential part of a simulation: caps over lists of integers, nothing else per act."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from backend.rulebook.errors import ActIncompleteError
from backend.rulebook.prepared.caps import PreparedCap


class LoopCap(NamedTuple):
    """One cap over lists.

    Args:
        state: Value per counter.
        counter: Counter per row; -1 when the row does not say whose.
        limit: Largest value.
        is_amount: Whether units are counted, else acts or a quantity.
        quantities: Quantity per row; None counts 1, -1 is missing.
        refuses: Whether an amount that does not fit is refused instead of trimmed.
        moves: False for a second cap on the same counter, which moves once per act.
        cap: The cap itself, for its names.
    """

    state: list[int]
    counter: list[int]
    limit: int
    is_amount: bool
    quantities: list[int] | None
    refuses: bool
    moves: bool
    cap: PreparedCap


class Wanted(NamedTuple):
    """Rows in order, as lists: the rule, the base units, units of each top-up, room for them."""

    rules: list[int]
    base: list[int]
    top_ups: list[list[int]]
    room: list[int]


Pay = Callable[[Sequence[LoopCap], int, int], int]


def run(
    pay: Pay, caps: Sequence[Sequence[Sequence[LoopCap]]], wanted: Wanted
) -> tuple[list[int], list[int]]:
    """Pay rows in order and move the counters.

    Args:
        pay: `pay_exactly` or `pay_counting_first`.
        caps: Caps per rule, and within it per part: the base first, then its top-ups.
    Returns:
        Base units and top-up units per row.
    Raises:
        ActIncompleteError: A row reaches a cap without the fact it needs.
    """
    base, added = [], []
    for row, (rule, units) in enumerate(zip(wanted.rules, wanted.base, strict=True)):
        parts = caps[rule]
        paid = pay(parts[0], row, units)
        has_top_ups = paid > 0 and len(parts) > 1
        base.append(paid)
        added.append(_top_ups(pay, parts[1:], row, wanted) if has_top_ups else 0)
    return base, added


def _top_ups(pay: Pay, parts: Sequence[Sequence[LoopCap]], row: int, wanted: Wanted) -> int:
    left = wanted.room[row]
    total = 0
    for position, part in enumerate(parts):
        units = min(wanted.top_ups[position][row], left - total)
        if units > 0:
            total += pay(part, row, units)
    return total


def pay_exactly(caps: Sequence[LoopCap], row: int, units: int) -> int:
    """Pay one row; counters move by what is paid and nothing else."""
    paid = units
    for state, index, limit, is_amount, quantities, refuses, _, cap in caps:
        key = index[row]
        if key < 0:
            raise ActIncompleteError(cap.ref_fact or cap.target)
        left = limit - state[key]
        needed = paid if is_amount else _quantity(quantities, row, cap)
        if needed > left:
            if left <= 0 or refuses or not is_amount:
                return 0
            paid = left
    for state, index, _, is_amount, quantities, _, moves, cap in caps:
        if moves:
            state[index[row]] += paid if is_amount else _quantity(quantities, row, cap)
    return paid


def pay_counting_first(caps: Sequence[LoopCap], row: int, units: int) -> int:
    """Pay one row; counters move cap by cap and are never taken back."""
    paid = units
    for state, index, limit, is_amount, quantities, _, _, cap in caps:
        key = index[row]
        if key < 0:
            raise ActIncompleteError(cap.ref_fact or cap.target)
        value = state[key]
        if value >= limit:
            return 0
        if is_amount:
            value += paid
            if value > limit:
                paid -= value - limit
                value = limit
        else:
            value += _quantity(quantities, row, cap)
        state[key] = value
    return paid


def _quantity(quantities: list[int] | None, row: int, cap: PreparedCap) -> int:
    if quantities is None:
        return 1
    quantity = quantities[row]
    if quantity < 0:
        raise ActIncompleteError(cap.quantity_fact or cap.counted)
    return quantity
