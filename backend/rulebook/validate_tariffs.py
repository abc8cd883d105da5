"""Meaning of tariffs: tiers rise, parts fit together, nothing goes below zero by accident."""

from collections.abc import Iterator
from itertools import pairwise

from backend.rulebook.schema import tariffs as t
from backend.rulebook.schema.edition import Edition
from backend.rulebook.schema.rules import Rule
from backend.rulebook.validate_conditions import condition_problems
from backend.rulebook.validate_problem import Path, Problem

_ARITY = {"difference": 2, "quotient": 2, "negate": 1, "round_half_up": 1, "clamp": 3}


def tariff_problems(edition: Edition, path: Path, rule: Rule) -> Iterator[Problem]:
    """Return the problems of a rule's tariff."""
    tariff = rule.tariff
    if (tariff.mode == "formula") != (tariff.formula is not None):
        yield Problem((*path, "formula"), "mode `formula` and a formula go together")
    if tariff.mode == "formula" and tariff.variants:
        yield Problem((*path, "variants"), "a formula takes no variants")
    if tariff.formula is not None:
        yield from _expression_problems((*path, "formula"), tariff.formula)
    may_fall = edition.compat is not None and edition.compat.negative_amounts
    for position, variant in enumerate(tariff.variants):
        here = (*path, "variants", position)
        if variant.when is not None:
            yield from condition_problems(edition, (*here, "when"), variant.when)
        yield from _tier_problems(here, tariff, variant.tiers)
        for at_tier, tier in enumerate(variant.tiers):
            for at_part, part in enumerate(tier.pay):
                where = (*here, "tiers", at_tier, "pay", at_part, part.type)
                yield from _component_problems(where, rule, tier, part, may_fall=may_fall)
    yield from _adjustment_problems(edition, path, tariff, may_fall=may_fall)


def _tier_problems(path: Path, tariff: t.Tariff, tiers: tuple[t.Tier, ...]) -> Iterator[Problem]:
    for at, tier in enumerate(tiers):
        if tier.below is not None and tier.below <= tier.from_:
            yield Problem((*path, "tiers", at, "below"), "the tier ends before it begins")
        if tariff.measure is None and (tier.from_ > 0 or tier.below is not None):
            yield Problem((*path[:-2], "measure"), "tiers with bounds need a measure")
    for at, (low, high) in enumerate(pairwise(tiers)):
        if high.from_ < low.from_:
            yield Problem((*path, "tiers", at + 1, "from"), "tiers must rise")
        if tariff.mode == "single_tier" and (low.below is None or low.below > high.from_):
            yield Problem((*path, "tiers", at, "below"), "two tiers overlap")
    if tariff.measure is None and len(tiers) > 1:
        yield Problem((*path, "tiers", 1), "without a measure there is one tier only")


def _component_problems(
    path: Path, rule: Rule, tier: t.Tier, part: t.Component, *, may_fall: bool
) -> Iterator[Problem]:
    match part:
        case t.Fixed() if part.units < 0 and not may_fall:
            yield Problem((*path, "units"), "an amount cannot be negative")
        case t.PerKm():
            yield from _per_km_problems(path, rule, tier, part, may_fall=may_fall)
        case t.ShareOfBase() if rule.tops_up is None:
            yield Problem(path, "a share of the base needs a rule with `tops_up`")
        case t.ShareOfBase() if part.percent < 0:
            yield Problem((*path, "percent"), "a share cannot be negative")
        case _:
            pass


def _per_km_problems(
    path: Path, rule: Rule, tier: t.Tier, part: t.PerKm, *, may_fall: bool
) -> Iterator[Problem]:
    if part.units_per_km < 0 and not may_fall:
        yield Problem((*path, "units_per_km"), "a rate cannot be negative")
    if part.max_units is not None and part.max_units < 0:
        yield Problem((*path, "max_units"), "a ceiling cannot be negative")
    if part.to_m is not None and part.to_m <= part.from_m and not may_fall:
        yield Problem((*path, "to_m"), "must be larger than `from_m`")
    starts_early = rule.tariff.measure != "distance_m" or tier.from_ < part.from_m
    if part.from_m > 0 and starts_early and not may_fall:
        yield Problem(
            (*path, "from_m"), "the tier must begin at or beyond it, measured in distance_m"
        )


def _adjustment_problems(
    edition: Edition, path: Path, tariff: t.Tariff, *, may_fall: bool
) -> Iterator[Problem]:
    for position, change in enumerate(tariff.adjustments):
        here = (*path, "adjustments", position)
        if change.when is not None:
            yield from condition_problems(edition, (*here, "when"), change.when)
        if isinstance(change, t.Multiply) and change.factor < 0 and not may_fall:
            yield Problem((*here, change.type, "factor"), "a factor cannot be negative")
        if isinstance(change, t.Limit):
            low, high = change.at_least, change.at_most
            if low is None and high is None:
                yield Problem((*here, change.type, "at_most"), "give at least one bound")
            elif low is not None and high is not None and high < low:
                yield Problem((*here, change.type, "at_least"), "lies above `at_most`")


def _expression_problems(path: Path, expression: t.Expression) -> Iterator[Problem]:
    if not isinstance(expression, t.Operation):
        return
    wanted = _ARITY.get(expression.op)
    if wanted is not None and len(expression.args) != wanted:
        yield Problem((*path, expression.op, "args"), f"{expression.op} takes {wanted} arguments")
    elif expression.op == "quotient":
        divisor = expression.args[1]
        if not isinstance(divisor, t.Const) or divisor.number == 0:
            yield Problem((*path, expression.op, "args", 1), "a divisor is a number other than 0")
    for position, part in enumerate(expression.args):
        yield from _expression_problems((*path, "args", position), part)
