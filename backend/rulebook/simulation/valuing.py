"""Tariffs by columns: exact 64-bit integers, or the plain engine where they might not suffice."""

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.rulebook.act import Act
from backend.rulebook.prepared.formulas import prepare_formula
from backend.rulebook.prepared.tariffs import common_scale
from backend.rulebook.schema import tariffs as t
from backend.rulebook.schema.rules import Rule
from backend.rulebook.simulation.masks import Columns
from backend.rulebook.simulation.table import EPOCH, Bools

Amounts = npt.NDArray[np.int64]

_SAFE = 2**62
"""Amounts whose bound passes this are valued by the plain engine, so nothing ever wraps."""


class Valuing:
    """Values rows by one rule's tariff.

    Args:
        base_units: Base amount per row before caps, for a top-up's share.
    """

    def __init__(self, columns: Columns, rule: Rule, base_units: Amounts | None = None) -> None:
        self._columns = columns
        self._rule = rule
        self._tariff = rule.tariff
        self._scale = common_scale(rule.tariff)
        self._base = base_units
        compat = columns.edition.compat
        self._seats_as_one = bool(compat and compat.missing_seats_as_one)
        self._may_be_negative = bool(compat and compat.negative_amounts)

    def units(self) -> Amounts:
        """Return whole units before caps per row; rows it cannot value are marked odd."""
        try:
            return self._units()
        except _TooLargeError:
            self._columns.odd[:] = True
            return np.zeros(len(self._columns.table), dtype=np.int64)

    def _units(self) -> Amounts:
        value = self._formula() if self._tariff.formula is not None else self._tiers()
        for change in self._tariff.adjustments:
            value = self._adjusted(value, change)
        self._check(value, 4)
        if self._scale >= _SAFE // 4:
            raise _TooLargeError
        units = _rounded(value, self._scale, self._tariff.rounding)
        if not self._may_be_negative:
            units = np.maximum(units, 0)
        ceiling = self._rule.max_units_per_act
        return units if ceiling is None else np.minimum(units, ceiling)

    def _tiers(self) -> Amounts:
        size = len(self._columns.table)
        total = np.zeros(size, dtype=np.int64)
        left: Bools = np.ones(size, dtype=np.bool_)
        measured = (
            self._columns.number(self._tariff.measure)
            if self._tariff.measure is not None
            else np.zeros(size, dtype=np.int64)
        )
        for variant in self._tariff.variants:
            here = left if variant.when is None else left & self._columns.mask(variant.when)
            left = left & ~here
            for tier in variant.tiers:
                reached = here & (measured >= tier.from_)
                if self._tariff.mode == "single_tier":
                    if tier.below is not None:
                        reached &= measured < tier.below
                    here = here & ~reached
                if not tier.pay or not reached.any():
                    continue
                for part in tier.pay:
                    total = total + np.where(reached, self._part(part), 0)
                    self._check(total, 1)
        return total

    def _part(self, part: t.Component) -> Amounts:
        match part:
            case t.ShareOfBase(percent=percent):
                base = self._base if self._base is not None else np.zeros(1, dtype=np.int64)
                return self._times(base, percent / 100)
            case t.Fixed(per="kg", units=units):
                return self._times(self._columns.number("mass_g"), units / 1000)
            case t.Fixed(per="item", units=units):
                return self._times(self._columns.number("count"), units)
            case t.Fixed(per="seat", units=units):
                return self._times(self._seats(), units)
            case t.Fixed(units=units):
                return self._times(np.ones(1, dtype=np.int64), units)
            case t.PerKm():
                return self._per_km(part)

    def _per_km(self, part: t.PerKm) -> Amounts:
        metres = self._columns.number("distance_m")
        if part.to_m is not None:
            metres = np.minimum(metres, part.to_m)
        value = self._times(metres - part.from_m, part.units_per_km / 1000)
        if part.max_units is not None:
            ceiling = int(part.max_units * self._scale)
            if ceiling < _SAFE:
                value = np.minimum(value, ceiling)
        if part.per == "act":
            return value
        seats = self._seats()
        self._check(value, _largest(seats))
        return value * seats

    def _seats(self) -> Amounts:
        if self._seats_as_one:
            return self._columns.seats_or_one()
        return self._columns.number("seats")

    def _times(self, quantity: Amounts, rate: Fraction) -> Amounts:
        factor = int(rate * self._scale)
        if abs(factor) >= _SAFE:
            raise _TooLargeError
        self._check(quantity, abs(factor))
        return quantity * factor

    def _adjusted(self, value: Amounts, change: t.Adjustment) -> Amounts:
        match change:
            case t.Multiply(factor=factor):
                self._check(value, abs(factor.numerator))
                changed = value * factor.numerator // factor.denominator
            case t.RaiseTo(fact=fact):
                floor = self._columns.number(fact)
                self._check(floor, self._scale)
                changed = np.maximum(value, floor * self._scale)
            case t.Limit():
                changed = self._limited(value, change)
        if change.when is None:
            return changed
        return np.where(self._columns.mask(change.when), changed, value)

    def _limited(self, value: Amounts, change: t.Limit) -> Amounts:
        low, high = change.at_least or 0, change.at_most or 0
        self._check(np.array([low, high]), self._scale)
        if change.at_least is not None:
            value = np.maximum(value, low * self._scale)
        return value if change.at_most is None else np.minimum(value, high * self._scale)

    def _formula(self) -> Amounts:
        """Compute a formula once per distinct combination of the numbers it reads."""
        expression = self._tariff.formula
        if expression is None:
            raise AssertionError("only called for a formula")
        facts = sorted(_facts_of(expression))
        columns = [self._columns.number(fact) for fact in facts]
        size = len(self._columns.table)
        if not facts:
            columns = [np.zeros(size, dtype=np.int64)]
        distinct, inverse = np.unique(np.stack(columns), axis=1, return_inverse=True)
        formula = prepare_formula(expression)
        values = []
        for row in distinct.T.tolist():
            numbers: dict[str, Any] = dict(zip(facts, row, strict=False))
            values.append(int(formula(Act(kind="", occurred_at=EPOCH, **numbers)) * self._scale))
        if max(map(abs, values), default=0) >= _SAFE:
            raise _TooLargeError
        return np.array(values, dtype=np.int64)[inverse.reshape(-1)]

    def _check(self, value: Amounts, factor: int) -> None:
        if _largest(value) * factor >= _SAFE:
            raise _TooLargeError


class _TooLargeError(Exception):
    """A product might leave 64 bits."""


def _largest(value: Amounts) -> int:
    return max(abs(int(value.min())), abs(int(value.max()))) if value.size else 0


def _rounded(value: Amounts, scale: int, rounding: str) -> Amounts:
    match rounding:
        case "down":
            return value // scale
        case "up":
            return -(-value // scale)
        case _:
            return (2 * value + scale) // (2 * scale)


def _facts_of(expression: t.Expression) -> set[str]:
    match expression:
        case t.Const():
            return set()
        case t.FactValue(fact=fact):
            return {fact}
        case t.Operation(args=args):
            return set().union(*(_facts_of(part) for part in args))
