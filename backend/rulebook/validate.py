"""Meaning of an edition: references, order, bounds; what a shape alone cannot check."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from backend.rulebook.schema.base import MAX_UNITS
from backend.rulebook.schema.caps import Budget, Cap
from backend.rulebook.schema.edition import Area, Edition
from backend.rulebook.schema.rules import Requirement, Rule
from backend.rulebook.validate_conditions import condition_problems
from backend.rulebook.validate_problem import Path, Problem
from backend.rulebook.validate_tariffs import tariff_problems

_MAX_LON, _MAX_LAT = 180, 90
_WHOLE_PERCENT = 100

__all__ = ["Problem", "problems_of", "publication_problems"]


def problems_of(edition: Edition) -> list[Problem]:
    """Return everything that makes an edition invalid, in document order; empty when valid."""
    return [
        *_validity_problems(edition),
        *_unique_problems("rules", [rule.id for rule in edition.rules]),
        *_unique_problems("caps", [cap.id for cap in edition.caps]),
        *_unique_problems("budgets", [budget.id for budget in edition.budgets]),
        *_area_problems(edition),
        *_requirement_problems(edition, ("require",), edition.require),
        *(problem for at, rule in enumerate(edition.rules) for problem in _rule(edition, at, rule)),
        *(problem for at, cap in enumerate(edition.caps) for problem in _cap(edition, at, cap)),
        *_counter_problems(edition),
        *_budget_problems(edition),
        *_bound_problems(edition),
    ]


def publication_problems(edition: Edition) -> list[Problem]:
    """Return what keeps a valid edition from being published; empty when it may be."""
    if edition.compat is not None:
        return [
            Problem(
                ("compat",),
                "an edition that replays the quirks of another registry cannot be published",
                "remove the block",
            )
        ]
    if edition.validity.from_ is None:
        return [Problem(("validity", "from"), "a published edition needs its first instant")]
    return []


@dataclass(frozen=True)
class _Named:
    base_rules: frozenset[str]
    rules: frozenset[str]
    budgets: dict[str, Budget]


def _named(edition: Edition) -> _Named:
    return _Named(
        base_rules=frozenset(rule.id for rule in edition.rules if rule.tops_up is None),
        rules=frozenset(rule.id for rule in edition.rules),
        budgets={budget.id: budget for budget in edition.budgets},
    )


def _validity_problems(edition: Edition) -> Iterator[Problem]:
    validity = edition.validity
    if validity.before is not None and validity.until is not None:
        yield Problem(("validity", "until"), "give `before` or `until`, not both")
    end = validity.before or validity.until
    if validity.from_ is not None and end is not None and end < validity.from_:
        yield Problem(("validity", "from"), "the edition ends before it begins")


def _unique_problems(where: str, names: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name in seen:
            yield Problem((where, position, "id"), f"{name!r} is used twice", f'"{name}-2"')
        seen.add(name)


def _area_problems(edition: Edition) -> Iterator[Problem]:
    for name, area in edition.areas.items():
        given = [part for part in (area.codes, area.polygons, area.circle) if part is not None]
        if len(given) != 1:
            yield Problem(
                ("areas", name),
                "give exactly one of codes, polygons, circle",
                '{"codes": {"epci": ["200054807"]}}',
            )
        yield from _ring_problems(name, area)


def _ring_problems(name: str, area: Area) -> Iterator[Problem]:
    for at_polygon, polygon in enumerate(area.polygons or ()):
        for at_ring, ring in enumerate(polygon):
            path = ("areas", name, "polygons", at_polygon, at_ring)
            if ring[0][:2] != ring[-1][:2]:
                yield Problem(path, "the ring is not closed: its last point is not its first")
            if any(abs(x) > _MAX_LON or abs(y) > _MAX_LAT for x, y, *_ in ring):
                yield Problem(path, "a point is not (longitude, latitude) in degrees")
    if area.circle is not None and (
        abs(area.circle.lat) >= _MAX_LAT or abs(area.circle.lon) > _MAX_LON
    ):
        yield Problem(("areas", name, "circle"), "the centre is no place in degrees")


def _requirement_problems(
    edition: Edition, path: Path, requirements: Iterable[Requirement]
) -> Iterator[Problem]:
    items = list(requirements)
    yield from _unique_problems_at(path, [item.id for item in items])
    for position, item in enumerate(items):
        here = (*path, position)
        if (item.require is None) == (item.exclude is None):
            yield Problem(here, "give exactly one of require, exclude")
        for part, condition in (
            ("require", item.require),
            ("exclude", item.exclude),
            ("when", item.when),
        ):
            if condition is not None:
                yield from condition_problems(edition, (*here, part), condition)


def _unique_problems_at(path: Path, names: Sequence[str]) -> Iterator[Problem]:
    for position, name in enumerate(names):
        if name in names[:position]:
            yield Problem((*path, position, "id"), f"{name!r} is used twice", f'"{name}-2"')


def _rule(edition: Edition, position: int, rule: Rule) -> Iterator[Problem]:
    path: Path = ("rules", position)
    named = _named(edition)
    yield from _requirement_problems(edition, (*path, "require"), rule.require)
    yield from tariff_problems(edition, (*path, "tariff"), rule)
    for base in rule.tops_up or ():
        if base not in named.base_rules:
            yield Problem((*path, "tops_up"), f"{base!r} is no base rule of this edition")
    if rule.tops_up is not None and edition.stacking is None:
        yield Problem(("stacking",), "needed because a rule has `tops_up`")
    yield from _rule_budget_problems(path, rule, named)
    for level, tranches in rule.release.items():
        if sum(tranche.share_percent for tranche in tranches) != _WHOLE_PERCENT:
            yield Problem((*path, "release", level), "the shares do not add up to 100 percent")
    levels = rule.acts.proof_levels
    if edition.compat is None and (levels is None or "P0" in levels):
        yield Problem(
            (*path, "acts", "proof_levels"), "name the levels that pay; P0 (declared) never does"
        )


def _rule_budget_problems(path: Path, rule: Rule, named: _Named) -> Iterator[Problem]:
    if rule.budget is None:
        return
    budget = named.budgets.get(rule.budget)
    if budget is None:
        yield Problem((*path, "budget"), f"no budget is called {rule.budget!r}")
    elif budget.owner != rule.section:
        yield Problem(
            (*path, "budget"),
            f"the section of {rule.section} cannot spend the budget of {budget.owner}",
        )


def _cap(edition: Edition, position: int, cap: Cap) -> Iterator[Problem]:
    path: Path = ("caps", position)
    named = _named(edition)
    for name in cap.rules or ():
        if name not in named.rules:
            yield Problem((*path, "rules"), f"no rule is called {name!r}")
    compat = edition.compat
    if cap.max is None and not (compat and compat.budget_at_run_time):
        yield Problem((*path, "max"), "a limit is needed")
    if cap.time_zone not in (None, edition.time_zone) and not (compat and compat.other_clocks):
        yield Problem(
            (*path, "time_zone"),
            f"must be the edition's own ({edition.time_zone}); leave it out",
            f'"{edition.time_zone}"',
        )


def _counter_problems(edition: Edition) -> Iterator[Problem]:
    """Caps that share a counter must count the same thing, or one of them counts nonsense."""
    meaning: dict[str, tuple[object, ...]] = {}
    budgets = {budget.id for budget in edition.budgets}
    for position, cap in enumerate(edition.caps):
        name = cap.counter_name or cap.id
        what = (cap.target, cap.counter, cap.period, cap.time_zone)
        if meaning.setdefault(name, what) != what:
            yield Problem(
                ("caps", position, "counter_name"),
                f"the counter {name!r} already counts something else",
                f'"{cap.id}"',
            )
        if name in budgets:
            yield Problem(("caps", position, "id"), f"a budget is called {name!r} already")
        if edition.compat is None and not _counts_same_rules(edition, cap, name):
            yield Problem(
                ("caps", position, "rules"),
                f"caps that share the counter {name!r} must limit the same rules",
            )


def _counts_same_rules(edition: Edition, cap: Cap, name: str) -> bool:
    sharing = [other for other in edition.caps if (other.counter_name or other.id) == name]
    return all(set(other.rules or ()) == set(cap.rules or ()) for other in sharing)


def _budget_problems(edition: Edition) -> Iterator[Problem]:
    total = sum(budget.max_units for budget in edition.budgets)
    if total > MAX_UNITS:
        yield Problem(("budgets",), f"the budgets together pass {MAX_UNITS} units")


def _bound_problems(edition: Edition) -> Iterator[Problem]:
    """Refuse any edition that could pay without bound."""
    if edition.compat is not None and edition.compat.budget_at_run_time:
        return
    validity = edition.validity
    is_ended = (validity.before or validity.until) is not None and validity.from_ is not None
    budgets = {budget.id: budget for budget in edition.budgets}
    for position, rule in enumerate(edition.rules):
        path: Path = ("rules", position)
        if rule.max_units_per_act is None:
            yield Problem((*path, "max_units_per_act"), "the rule could pay without bound per act")
        if rule.budget is None:
            yield Problem((*path, "budget"), "the rule could pay without bound: name its budget")
        elif rule.budget in budgets and budgets[rule.budget].period != "all" and not is_ended:
            yield Problem(
                ("validity", "before"),
                f"budget {rule.budget!r} starts again each period: the edition needs a beginning "
                "and an end, or it could pay without bound",
            )
