"""Tariffs as functions: exact integers over one denominator, rounded once."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, prod

from backend.rulebook.act import Act
from backend.rulebook.evaluation import Line
from backend.rulebook.prepared.conditions import Test, prepare_condition
from backend.rulebook.prepared.facts import ReadNumber, reader
from backend.rulebook.prepared.formulas import prepare_formula
from backend.rulebook.schema import tariffs as t
from backend.rulebook.schema.base import exact_text
from backend.rulebook.schema.edition import Edition

Part = Callable[[Act, int], int]
"""Amount of one component in numerators of the tariff's scale; the integer is the base amount."""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """A component and the words that explain it."""

    amount: Part
    code: str
    rate: str
    quantity: ReadNumber | None


@dataclass(frozen=True, slots=True)
class PreparedTier:
    """A tier: bounds of the measure and components."""

    low: int
    high: int | None
    parts: tuple[PreparedPart, ...]


@dataclass(frozen=True, slots=True)
class PreparedVariant:
    """Tiers that count when a test holds."""

    name: str | None
    test: Test | None
    tiers: tuple[PreparedTier, ...]


@dataclass(frozen=True, slots=True)
class PreparedAdjustment:
    """A change of the amount, given and returned in numerators."""

    code: str
    test: Test | None
    change: Callable[[Act, int], int]
    shown: str


class PreparedTariff:
    """A tariff ready to value acts.

    Amounts inside are integers over `scale`, a common denominator of every number of the tariff,
    so that nothing is rounded before the one named rounding.
    """

    def __init__(
        self, edition: Edition, tariff: t.Tariff, *, missing_seats_as_one: bool, floor_at_zero: bool
    ) -> None:
        self.scale = common_scale(tariff)
        self.is_single = tariff.mode == "single_tier"
        self.measure = reader(tariff.measure) if tariff.measure else None
        self.rounding = tariff.rounding
        self.floor_at_zero = floor_at_zero
        self._seats = _seat_reader(missing_as_one=missing_seats_as_one)
        self.formula = prepare_formula(tariff.formula) if tariff.formula else None
        self.variants = tuple(self._variant(edition, variant) for variant in tariff.variants)
        self.adjustments = tuple(self._adjustment(edition, change) for change in tariff.adjustments)

    def amount(self, act: Act, base_units: int, lines: list[Line] | None) -> int:
        """Return whole units before caps; explanation lines are added when a list is given."""
        value = self._gross(act, base_units, lines)
        for change in self.adjustments:
            if change.test is None or change.test(act):
                before, value = value, change.change(act, value)
                if lines is not None and value != before:
                    lines.append(self._adjustment_line(change, before, value))
        units = round_ratio(value, self.scale, self.rounding)
        if lines is not None and units * self.scale != value:
            lines.append(
                Line(f"rounded_{self.rounding}", {"exact": self._shown(value), "units": units})
            )
        return max(units, 0) if self.floor_at_zero else units

    def _gross(self, act: Act, base_units: int, lines: list[Line] | None) -> int:
        if self.formula is not None:
            return self._formula_value(self.formula(act) * self.scale, lines)
        variant = self._variant_of(act)
        if variant is None:
            return 0
        if lines is not None and variant.name is not None:
            lines.append(Line("variant", {"name": variant.name}))
        measured = self.measure(act) if self.measure is not None else 0
        total = 0
        for tier in self._reached(variant.tiers, measured):
            for part in tier.parts:
                units = part.amount(act, base_units)
                total += units
                if lines is not None and units:
                    lines.append(self._part_line(part, act, units))
        return total

    def _formula_value(self, exact: Fraction, lines: list[Line] | None) -> int:
        value = _whole(exact)
        if lines is not None:
            lines.append(Line("formula", {"units": self._shown(value)}))
        return value

    def _reached(
        self, tiers: tuple[PreparedTier, ...], measured: int
    ) -> tuple[PreparedTier, ...] | list[PreparedTier]:
        if not self.is_single:
            return [tier for tier in tiers if measured >= tier.low]
        for tier in tiers:
            if measured >= tier.low and (tier.high is None or measured < tier.high):
                return (tier,)
        return ()

    def _variant_of(self, act: Act) -> PreparedVariant | None:
        for variant in self.variants:
            if variant.test is None or variant.test(act):
                return variant
        return None

    def _part_line(self, part: PreparedPart, act: Act, units: int) -> Line:
        quantity = part.quantity(act) if part.quantity is not None else 1
        return Line(
            part.code, {"rate": part.rate, "quantity": quantity, "units": self._shown(units)}
        )

    def _adjustment_line(self, change: PreparedAdjustment, before: int, after: int) -> Line:
        facts = {"by": change.shown, "before": self._shown(before), "after": self._shown(after)}
        return Line(change.code, facts)

    def _shown(self, value: int) -> str:
        return str(exact_text(_readable(Fraction(value, self.scale))))

    def _variant(self, edition: Edition, variant: t.Variant) -> PreparedVariant:
        return PreparedVariant(
            name=variant.id,
            test=prepare_condition(edition, variant.when) if variant.when else None,
            tiers=tuple(
                PreparedTier(tier.from_, tier.below, tuple(self._part(part) for part in tier.pay))
                for tier in variant.tiers
            ),
        )

    def _part(self, part: t.Component) -> PreparedPart:
        match part:
            case t.Fixed():
                return self._fixed(part)
            case t.PerKm():
                return self._per_km(part)
            case _:
                share = _whole(part.percent * self.scale / 100)
                return PreparedPart(
                    lambda _, base: share * base, "share", str(exact_text(part.percent)), None
                )

    def _fixed(self, part: t.Fixed) -> PreparedPart:
        rate = str(exact_text(part.units))
        if part.per == "kg":
            per_gram, mass = _whole(part.units * self.scale / 1000), reader("mass_g")
            return PreparedPart(lambda act, _: per_gram * mass(act), "per_kg", rate, mass)
        units = _whole(part.units * self.scale)
        if part.per == "act":
            return PreparedPart(lambda _, __: units, "per_act", rate, None)
        quantity = reader("count") if part.per == "item" else self._seats
        return PreparedPart(lambda act, _: units * quantity(act), f"per_{part.per}", rate, quantity)

    def _per_km(self, part: t.PerKm) -> PreparedPart:
        per_m = _whole(part.units_per_km * self.scale / 1000)
        start, end = part.from_m, part.to_m
        ceiling = None if part.max_units is None else _whole(part.max_units * self.scale)
        distance, seats = reader("distance_m"), self._seats
        is_per_seat = part.per == "seat"

        def paid_m(act: Act) -> int:
            metres = distance(act)
            return (metres if end is None or metres < end else end) - start

        def amount(act: Act, _: int) -> int:
            value = per_m * paid_m(act)
            if ceiling is not None and value > ceiling:
                value = ceiling
            return value * seats(act) if is_per_seat else value

        code = "per_km_seat" if is_per_seat else "per_km"
        return PreparedPart(amount, code, str(exact_text(part.units_per_km)), paid_m)

    def _adjustment(self, edition: Edition, change: t.Adjustment) -> PreparedAdjustment:
        test = prepare_condition(edition, change.when) if change.when else None
        scale = self.scale
        match change:
            case t.Multiply(factor=factor):
                up, down = factor.numerator, factor.denominator
                return PreparedAdjustment(
                    "multiplied", test, lambda _, value: value * up // down, str(exact_text(factor))
                )
            case t.RaiseTo(fact=fact):
                read = reader(fact)
                return PreparedAdjustment(
                    "raised", test, lambda act, value: max(value, read(act) * scale), fact
                )
            case _:
                low = None if change.at_least is None else change.at_least * scale
                high = None if change.at_most is None else change.at_most * scale
                return PreparedAdjustment(
                    "limited", test, lambda _, value: _between(value, low, high), ""
                )


def common_scale(tariff: t.Tariff) -> int:
    """Return a denominator over which every intermediate amount of a tariff is whole.

    A multiplication by p/q divides by q: the product of all q is a factor of the scale, so each
    multiplication leaves a whole number whatever is skipped.
    """
    denominators = [1]
    for variant in tariff.variants:
        for tier in variant.tiers:
            denominators.extend(_denominator(part) for part in tier.pay)
    factors = [
        change.factor.denominator for change in tariff.adjustments if isinstance(change, t.Multiply)
    ]
    scale = lcm(*denominators)
    if tariff.formula is not None:
        scale = lcm(scale, formula_scale(tariff.formula))
    return scale * prod(factors)


def formula_scale(expression: t.Expression) -> int:
    """Return a denominator over which a formula is whole."""
    match expression:
        case t.Const(number=number):
            return number.denominator
        case t.FactValue():
            return 1
        case t.Operation(op="round_half_up"):
            return 1
        case t.Operation(op="product", args=args):
            return prod(formula_scale(part) for part in args)
        case t.Operation(op="quotient", args=(part, t.Const(number=divisor))):
            return formula_scale(part) * abs(divisor.numerator)
        case _:
            return lcm(*(formula_scale(part) for part in expression.args))


def round_ratio(value: int, scale: int, rounding: str) -> int:
    """Round `value / scale` to a whole number: `down` (to -inf), `up`, `half_up` (to +inf)."""
    match rounding:
        case "down":
            return value // scale
        case "up":
            return -(-value // scale)
        case _:
            return (2 * value + scale) // (2 * scale)


def _denominator(part: t.Component) -> int:
    match part:
        case t.Fixed(per="kg", units=units):
            return (units / 1000).denominator
        case t.Fixed(units=units):
            return units.denominator
        case t.PerKm(units_per_km=rate, max_units=ceiling):
            return lcm((rate / 1000).denominator, ceiling.denominator if ceiling else 1)
        case _:
            return (part.percent / 100).denominator


def _whole(value: Fraction) -> int:
    if value.denominator != 1:  # pragma: no cover - a validated edition never comes here
        msg = f"{value} is not whole over the tariff's scale"
        raise AssertionError(msg)
    return value.numerator


def _between(value: int, low: int | None, high: int | None) -> int:
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


def _seat_reader(*, missing_as_one: bool) -> ReadNumber:
    if missing_as_one:
        return lambda act: act.seats or 1
    return reader("seats")


def _readable(value: Fraction) -> Fraction:
    """Keep a number that has a finite decimal text; cut others to six digits for people."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return value if rest == 1 else Fraction(int(value * 1_000_000), 1_000_000)
