"""The scenario lab: what an edition would have cost, and who gains or loses under another.

Pure: acts and amounts in, figures out. Pages, progress and files are made elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.rulebook.engine import evaluate
from backend.rulebook.evaluation import Evaluation
from backend.rulebook.prepared.caps import PreparedCap
from backend.rulebook.rulebook import Rulebook
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.masks import Columns, period_number
from backend.rulebook.simulation.outcome import Outcomes
from backend.rulebook.simulation.table import ActTable, instant

Amounts = npt.NDArray[np.int64]

UNKNOWN = "?"
"""Name of a group whose acts do not say where they belong."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Acts and units of one group under one edition."""

    acts: int
    paid_acts: int
    units: int


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """A budget and when simulated acts first used it up; None when they did not.

    `spent_units` is that of the fullest period when the budget starts again each period.
    """

    budget: str
    max_units: int
    spent_units: int
    exhausted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One edition over a set of acts.

    Groups are keyed by month (`2026-03`), by subject (material, mode or kind), by rule (`-` for
    acts that no rule pays).
    """

    edition: str
    total: Cost
    by_month: dict[str, Cost]
    by_subject: dict[str, Cost]
    by_rule: dict[str, Cost]
    budgets: tuple[Exhaustion, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Units of one group under two editions, how many people gain or lose, and how many act."""

    before_units: int
    after_units: int
    gaining: int
    losing: int
    people: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two editions over the same acts.

    Args:
        by_month: Units before and after per month.
        by_level: Level of places → change per code of that level of the act's place.
        by_subject: Change per material, mode or kind.
        people_gaining, people_losing, people_same: Each person counts once, over all acts.
        top_rows: Rows with the largest difference, largest first, as (row, difference).
    """

    before: Summary
    after: Summary
    by_month: dict[str, Change]
    by_level: dict[str, dict[str, Change]]
    by_subject: dict[str, Change]
    people_gaining: int
    people_losing: int
    people_same: int
    top_rows: tuple[tuple[int, int], ...]


def run(rulebook: Rulebook, table: ActTable) -> tuple[Outcomes, Summary]:
    """Simulate acts under an edition and sum up what they cost.

    Raises:
        ActIncompleteError: An act lacks a fact that its rule asks for.
    """
    outcomes = simulate(rulebook, table)
    return outcomes, summarise(rulebook, table, outcomes)


def summarise(rulebook: Rulebook, table: ActTable, outcomes: Outcomes) -> Summary:
    """Sum up the amounts of a simulation."""
    groups = _Groups(rulebook, table)
    rules = [rule.id for rule in rulebook.edition.rules]
    rule_codes = np.where(outcomes.rule < 0, len(rules), outcomes.rule).astype(np.int64)
    return Summary(
        edition=rulebook.id,
        total=_cost(outcomes.paid_units),
        by_month=groups.costs(*groups.months(), outcomes.paid_units),
        by_subject=groups.costs(*groups.subjects(), outcomes.paid_units),
        by_rule=groups.costs(rule_codes, [*rules, "-"], outcomes.paid_units),
        budgets=tuple(_exhaustions(rulebook, table, outcomes)),
    )


def compare(
    before: Rulebook,
    after: Rulebook,
    table: ActTable,
    *,
    levels: Sequence[str] = ("commune",),
    top: int = 10,
) -> Comparison:
    """Simulate acts under two editions and say who gains and who loses.

    Args:
        levels: Levels of place codes for `by_level`, for example `commune` or `qpv` (priority
            district).
        top: Number of `top_rows`.
    Raises:
        ActIncompleteError: An act lacks a fact that its rule asks for.
    """
    first, first_summary = run(before, table)
    second, second_summary = run(after, table)
    groups = _Groups(before, table)
    people, names = groups.people()
    gain = second.paid_units - first.paid_units
    by_person = _sums(people, len(names), gain)

    def changes(codes: Amounts, labels: Sequence[str]) -> dict[str, Change]:
        return _changes(codes, labels, people, (first.paid_units, second.paid_units))

    order = np.argsort(-np.abs(gain), kind="stable")[:top]
    present = np.unique(people)
    return Comparison(
        before=first_summary,
        after=second_summary,
        by_month=changes(*groups.months()),
        by_level={level: changes(*groups.areas(level)) for level in levels},
        by_subject=changes(*groups.subjects()),
        people_gaining=int((by_person[present] > 0).sum()),
        people_losing=int((by_person[present] < 0).sum()),
        people_same=int((by_person[present] == 0).sum()),
        top_rows=tuple((int(row), int(gain[row])) for row in order if gain[row]),
    )


def explain_rows(rulebook: Rulebook, table: ActTable, rows: Sequence[int]) -> dict[int, Evaluation]:
    """Evaluate rows with the counters they would have met, by the plain engine.

    Every act up to the last of the rows is evaluated: about 40 microseconds each.
    """
    wanted, last = set(rows), max(rows, default=-1)
    counters: dict[str, int] = {}
    found: dict[int, Evaluation] = {}
    for row, act in enumerate(table.slice(0, last + 1).acts()):
        result = evaluate(act, rulebook, counters, with_lines=row in wanted)
        for key, delta in result.moves:
            counters[key] = counters.get(key, 0) + delta
        if row in wanted:
            found[row] = result
    return found


class _Groups:
    """Numbers rows by month, subject, place or person."""

    def __init__(self, rulebook: Rulebook, table: ActTable) -> None:
        self._zone = rulebook.edition.time_zone
        self._table = table
        self._columns = Columns(rulebook.edition, table, {})

    def months(self) -> tuple[Amounts, list[str]]:
        numbers = period_number("month", self._columns.day(self._zone))
        known, codes = np.unique(numbers, return_inverse=True)
        # A month is year * 12 + month with month 1 to 12.
        names = [f"{(int(n) - 1) // 12:04d}-{(int(n) - 1) % 12 + 1:02d}" for n in known]
        return codes.reshape(-1).astype(np.int64), names

    def subjects(self) -> tuple[Amounts, list[str]]:
        found = np.full(len(self._table), -1, dtype=np.int64)
        names: list[str] = []
        for column in ("material", "mode", "kind"):
            coded = self._table.coded.get(column)
            if coded is None:
                continue
            codes = coded.codes.astype(np.int64)
            found = np.where((found < 0) & (codes >= 0), codes + len(names), found)
            names.extend(str(value) for value in coded.values)
        return np.where(found < 0, len(names), found), [*names, UNKNOWN]

    def areas(self, level: str) -> tuple[Amounts, list[str]]:
        coded = self._table.coded.get("place")
        if coded is None:
            return np.zeros(len(self._table), dtype=np.int64), [UNKNOWN]
        codes = [UNKNOWN if place is None else place.codes.get(level, UNKNOWN)
                 for place in (*coded.values, None)]  # fmt: skip
        names = sorted(set(codes))
        numbers = np.array([names.index(code) for code in codes], dtype=np.int64)
        return numbers[coded.codes], names

    def people(self) -> tuple[Amounts, Sequence[Any]]:
        coded = self._table.coded.get("person_ref")
        if coded is None:
            return np.zeros(len(self._table), dtype=np.int64), [UNKNOWN]
        codes = coded.codes.astype(np.int64)
        return np.where(codes < 0, len(coded.values), codes), range(len(coded.values) + 1)

    @staticmethod
    def costs(codes: Amounts, names: Sequence[str], paid: Amounts) -> dict[str, Cost]:
        """Return the cost of every group that has acts, in the order of names."""
        size = len(names)
        acts = np.bincount(codes, minlength=size)
        paid_acts = np.bincount(codes[paid != 0], minlength=size)
        units = _sums(codes, size, paid)
        return {
            name: Cost(int(acts[at]), int(paid_acts[at]), int(units[at]))
            for at, name in enumerate(names)
            if acts[at]
        }


def _cost(paid: Amounts) -> Cost:
    return Cost(len(paid), int((paid != 0).sum()), int(paid.sum()))


def _sums(codes: Amounts, size: int, values: Amounts) -> Amounts:
    """Add integers per group; exact, unlike weights of bincount."""
    found = np.zeros(size, dtype=np.int64)
    np.add.at(found, codes, values)
    return found


def _changes(
    codes: Amounts, names: Sequence[str], people: Amounts, paid: tuple[Amounts, Amounts]
) -> dict[str, Change]:
    before, after = (_sums(codes, len(names), units) for units in paid)
    width = int(people.max()) + 1 if len(people) else 1
    pairs, inverse = np.unique(codes * width + people, return_inverse=True)
    gain = _sums(inverse.reshape(-1).astype(np.int64), len(pairs), paid[1] - paid[0])
    group = pairs // width
    gaining = np.bincount(group[gain > 0], minlength=len(names))
    losing = np.bincount(group[gain < 0], minlength=len(names))
    acting = np.bincount(group, minlength=len(names))
    columns = zip(before, after, gaining, losing, acting, strict=True)
    return {
        name: Change(*(int(number) for number in numbers))
        for name, numbers in zip(names, columns, strict=True)
        if numbers[-1]
    }


def _exhaustions(rulebook: Rulebook, table: ActTable, outcomes: Outcomes) -> list[Exhaustion]:
    """Find when each budget of base rules ran out, in the fullest period if it starts again.

    Budgets that only top-ups draw from are summed by no column and are left out.
    """
    columns = Columns(rulebook.edition, table, {})
    found: dict[str, list[int]] = {}
    caps: dict[str, PreparedCap] = {}
    positions = {rule.id: at for at, rule in enumerate(rulebook.edition.rules)}
    kinds = dict.fromkeys(rule.acts.kind for rule in rulebook.edition.rules)
    for prepared in (rule for kind in kinds for rule in rulebook.prepared.rules(kind)):
        for cap in prepared.caps:
            if cap.kind == "amount" and cap.ref_fact is None:
                caps[cap.id] = cap
                found.setdefault(cap.id, []).append(positions[prepared.id])
    base = outcomes.paid_units - outcomes.top_up_units
    return [
        _exhaustion(caps[name], columns, np.where(np.isin(outcomes.rule, rules), base, 0))
        for name, rules in found.items()
    ]


def _exhaustion(cap: PreparedCap, columns: Columns, units: Amounts) -> Exhaustion:
    period = period_number(cap.period, columns.day(cap.zone_name))
    spent, exhausted_at = 0, None
    for number in np.unique(period):
        rows = np.flatnonzero(period == number)
        running = np.cumsum(units[rows])
        spent = max(spent, int(running[-1]))
        reached = np.flatnonzero(running >= cap.max)
        if len(reached) and exhausted_at is None:
            exhausted_at = instant(int(columns.table.occurred_us[rows[reached[0]]]))
    return Exhaustion(cap.id, cap.max, spent, exhausted_at)
