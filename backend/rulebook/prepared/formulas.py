"""Formulas as functions on exact fractions."""

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from math import floor
from operator import mul

from backend.rulebook.act import Act
from backend.rulebook.prepared.facts import reader
from backend.rulebook.schema import tariffs as t

Formula = Callable[[Act], Fraction]

_HALF = Fraction(1, 2)

_OPERATIONS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "min": min,
    "max": max,
    "sum": lambda values: sum(values, Fraction(0)),
    "product": lambda values: reduce(mul, values),
    "difference": lambda values: values[0] - values[1],
    "quotient": lambda values: values[0] / values[1],
    "negate": lambda values: -values[0],
    "round_half_up": lambda values: Fraction(floor(values[0] + _HALF)),
    "clamp": lambda values: min(max(values[0], values[1]), values[2]),
}


def prepare_formula(expression: t.Expression) -> Formula:
    """Return the function that computes a formula exactly."""
    match expression:
        case t.Const(number=number):
            return lambda _: number
        case t.FactValue(fact=fact):
            read = reader(fact)
            return lambda act: Fraction(read(act))
        case _:
            parts = [prepare_formula(part) for part in expression.args]
            apply = _OPERATIONS[expression.op]
            return lambda act: apply([part(act) for part in parts])
