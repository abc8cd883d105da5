"""Caps by columns.

Most counters never come near their limit: a sort per counter finds those that could, and only
the acts that touch one of them go through the sequential loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from backend.rulebook.prepared.book import PreparedBook, PreparedRule
from backend.rulebook.prepared.caps import PreparedCap
from backend.rulebook.simulation.loop import LoopCap, Wanted, pay_counting_first, pay_exactly, run
from backend.rulebook.simulation.masks import Columns, period_number
from backend.rulebook.simulation.table import missing_number

Amounts = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]

NO_KEY = -1
_PERIODS = 2**22
"""More than any period number: the last day of year 9999 has ordinal 3,652,059."""

_CHUNK = 200_000


@dataclass(slots=True)
class Spent:
    """What each rule wants per row: the base and each of its top-ups.

    Args:
        rule: Position in `rules` per row; -1 when nothing is wanted.
        base: Units before caps.
        top_ups: Units wanted on top, a column per position among the rule's top-ups.
    """

    rules: Sequence[PreparedRule]
    rule: npt.NDArray[np.int32]
    base: Amounts
    top_ups: list[Amounts]


class Counters:
    """The key of every counter for every row, filled part by part.

    Keys are numbers: whose counter times a constant plus the period.
    """

    def __init__(self, rules: Sequence[PreparedRule], size: int) -> None:
        self.by_name: dict[str, PreparedCap] = {}
        for rule in rules:
            for cap in (*rule.caps, *(cap for top_up in rule.top_ups for cap in top_up.caps)):
                self.by_name.setdefault(cap.prefix + cap.suffix, cap)
        self.keys = {name: np.full(size, NO_KEY, dtype=np.int64) for name in self.by_name}
        self.quantities = {
            name: np.zeros(size, dtype=np.int64)
            for name, cap in self.by_name.items()
            if cap.kind == "quantity"
        }

    def fill(self, columns: Columns, rows: slice) -> None:
        """Work out the keys of one part of the table."""
        for name, cap in self.by_name.items():
            period = (
                0 if cap.period == "all" else period_number(cap.period, columns.day(cap.zone_name))
            )
            ref = _refs(columns, cap)
            self.keys[name][rows] = np.where(ref < 0, NO_KEY, ref * _PERIODS + period)
            if name in self.quantities:
                self.quantities[name][rows] = _quantity(columns, cap)


def apply_limits(book: PreparedBook, spent: Spent, counters: Counters) -> tuple[Amounts, Amounts]:
    """Return the base units and the top-up units paid per row.

    Raises:
        ActIncompleteError: An act does not say whose counter it moves.
    """
    budget = _common_budget(spent)
    if budget is None:
        return _apply(book, spent, counters)
    rules = [replace(rule, caps=rule.caps[:-1]) for rule in spent.rules]
    base, added = _apply(book, replace(spent, rules=rules), counters)
    total = np.cumsum(base)
    return np.minimum(total, budget.max) - np.minimum(total - base, budget.max), added


def _common_budget(spent: Spent) -> PreparedCap | None:
    """Return the one budget for ever that every rule meets last, if that is all there is.

    Such a budget pays everybody in full until it is empty and nobody after, whatever the other
    counters would have become: a running sum replaces the loop.
    """
    last = [rule.caps[-1] if rule.caps else None for rule in spent.rules]
    budget = last[0] if last else None
    if budget is None or spent.top_ups or budget.refuses_remainder:
        return None
    is_for_all = budget.kind == "amount" and budget.ref_fact is None and budget.period == "all"
    name = budget.prefix + budget.suffix
    is_alone = all(
        cap is not None
        and (cap.prefix + cap.suffix, cap.max) == (name, budget.max)
        and all(other.prefix + other.suffix != name for other in rule.caps[:-1])
        for rule, cap in zip(spent.rules, last, strict=True)
    )
    return budget if is_for_all and is_alone and not bool((spent.base < 0).any()) else None


def _apply(book: PreparedBook, spent: Spent, counters: Counters) -> tuple[Amounts, Amounts]:
    room = np.maximum(spent.base, 0) * book.stacking_percent // 100
    extra = sum((np.minimum(want, room) for want in spent.top_ups), np.zeros(1, dtype=np.int64))
    base = spent.base.copy()
    added = np.where(spent.base > 0, np.minimum(extra, room), 0)
    hot = _hot_rows(spent, counters, room)
    if len(hot):
        base[hot], added[hot] = _sequential(book, spent, counters, hot, room[hot])
    return base, added


def _hot_rows(spent: Spent, counters: Counters, room: Amounts) -> Rows:
    hot = np.zeros(len(spent.base), dtype=np.bool_)
    is_live = spent.base != 0
    for name, cap in counters.by_name.items():
        load, limit = _load(spent, counters, name, room)
        rows = np.flatnonzero(is_live & (load != 0))
        if not len(rows):
            continue
        keys = counters.keys[name][rows]
        hot[rows[keys == NO_KEY]] = True
        if cap.kind == "quantity":
            hot[rows[counters.quantities[name][rows] <= 0]] = True
        hot[rows[_is_contended(keys, load[rows], limit)]] = True
    return np.flatnonzero(hot)


def _load(spent: Spent, counters: Counters, name: str, room: Amounts) -> tuple[Amounts, int]:
    """Return how far each row could move a counter at most, and the counter's lowest limit."""
    load = np.zeros(len(spent.base), dtype=np.int64)
    limit: int | None = None
    for position, rule in enumerate(spent.rules):
        mine = spent.rule == position
        wants = [spent.base, *(np.minimum(want, room) for want in spent.top_ups)]
        for rule_or_top_up, want in zip((rule, *rule.top_ups), wants, strict=False):
            for cap in rule_or_top_up.caps:
                if cap.prefix + cap.suffix != name:
                    continue
                limit = cap.max if limit is None else min(limit, cap.max)
                if cap.kind == "amount":
                    load += np.where(mine, np.abs(want), 0)
                elif cap.kind == "acts":
                    load += mine
                else:
                    load += np.where(mine, np.maximum(counters.quantities[name], 1), 0)
    return load, 0 if limit is None else limit


def _is_contended(keys: Amounts, load: Amounts, limit: int) -> npt.NDArray[np.bool_]:
    """Tell per row whether all rows of its counter together could pass the limit.

    Loads are absolute, and the limit must stay unreached: a registry that counts before trimming
    refuses as soon as a counter equals its limit.
    """
    if len(keys) == 0:
        return np.zeros(0, dtype=np.bool_)
    if int(load.sum()) <= limit:
        return np.zeros(len(keys), dtype=np.bool_)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    totals = np.add.reduceat(load[order], starts)
    counts = np.diff(np.append(starts, len(keys)))
    found = np.empty(len(keys), dtype=np.bool_)
    found[order] = np.repeat(totals > limit, counts)
    return found


def _sequential(
    book: PreparedBook, spent: Spent, counters: Counters, hot: Rows, room: Amounts
) -> tuple[Amounts, Amounts]:
    """Run the rows whose counters could reach a limit one after the other."""
    states: dict[str, list[int]] = {}
    indexes: dict[str, npt.NDArray[np.intp]] = {}
    for name in counters.by_name:
        known, inverse = np.unique(counters.keys[name][hot], return_inverse=True)
        has_missing = len(known) > 0 and int(known[0]) == NO_KEY
        indexes[name] = inverse.reshape(-1) - int(has_missing)
        states[name] = [0] * len(known)
    pay = pay_counting_first if book.counts_before_trimming else pay_exactly
    base = np.zeros(len(hot), dtype=np.int64)
    added = np.zeros(len(hot), dtype=np.int64)
    for start in range(0, len(hot), _CHUNK):
        part = slice(start, start + _CHUNK)
        rows = hot[part]
        lists = {name: index[part].tolist() for name, index in indexes.items()}
        amounts = {name: column[rows].tolist() for name, column in counters.quantities.items()}
        caps = [
            [_loop_caps(one.caps, states, lists, amounts) for one in (rule, *rule.top_ups)]
            for rule in spent.rules
        ]
        wanted = Wanted(
            spent.rule[rows].tolist(),
            spent.base[rows].tolist(),
            [column[rows].tolist() for column in spent.top_ups],
            room[part].tolist(),
        )
        base[part], added[part] = run(pay, caps, wanted)
    return base, added


def _loop_caps(
    caps: Sequence[PreparedCap],
    states: dict[str, list[int]],
    indexes: dict[str, list[int]],
    quantities: dict[str, list[int]],
) -> list[LoopCap]:
    found: list[LoopCap] = []
    seen: set[str] = set()
    for cap in caps:
        name = cap.prefix + cap.suffix
        found.append(
            LoopCap(
                state=states[name],
                counter=indexes[name],
                limit=cap.max,
                is_amount=cap.kind == "amount",
                quantities=quantities.get(name),
                refuses=cap.refuses_remainder,
                moves=name not in seen,
                cap=cap,
            )
        )
        seen.add(name)
    return found


def _refs(columns: Columns, cap: PreparedCap) -> Amounts:
    size = len(columns.table)
    if cap.ref_fact is None:
        return np.zeros(size, dtype=np.int64)
    if cap.ref_fact == "commune":
        return columns.code("place", "commune").astype(np.int64)
    known = columns.table.coded.get(cap.ref_fact)
    if known is None:
        return np.full(size, -1, dtype=np.int64)
    return known.codes.astype(np.int64)


def _quantity(columns: Columns, cap: PreparedCap) -> Amounts:
    """Return the counted quantity per row; -1 where it is missing."""
    column = columns.table.numbers.get(cap.quantity_fact or "")
    if column is None:
        return np.full(len(columns.table), -1, dtype=np.int64)
    unknown = column == missing_number(column)
    if cap.counted == "seats":
        unknown |= column == 0
    return np.where(unknown, -1, column).astype(np.int64)
