"""Random rulebooks and acts: small worlds in which every part of the language meets every other."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from backend.rulebook.document import edition_from_tree
from backend.rulebook.engine import Act, Place, Rulebook
from backend.rulebook.rulebook import Rulebook as Book
from tests.unit.rulebook.books import small_rule, small_tree

Tree = dict[str, Any]

TRIANGLE = [[["5.0", "43.0"], ["6.0", "43.0"], ["5.5", "44.0"], ["5.0", "43.0"]]]
MATERIALS = ("glass", "paper")
LEVELS = ("P1", "P2", "P3")

_decimals = st.sampled_from([100, 0, 7, 50, 200, "12.5", "0.3", "33.33", "150.75"])
_factors = st.sampled_from(["1.5", "0.5", 2, "1.25", "0.1"])
_days = st.dates(
    min_value=datetime(2026, 3, 20, tzinfo=UTC).date(),
    max_value=datetime(2026, 4, 10, tzinfo=UTC).date(),
).map(str)
_few_days = st.lists(_days, max_size=3)
_hours = st.sampled_from(["00:00", "06:30", "12:00", "23:59"])
_codes = st.fixed_dictionaries(
    {}, optional={"commune": st.just(["13055"]), "aom": st.just(["a1", "a2"])}
).map(lambda codes: codes or {"commune": ["13001"]})


def _leaf() -> st.SearchStrategy[Tree]:
    which = st.sampled_from(["start", "end", "both", "either"])
    bound = st.integers(0, 12).map(lambda km: km * 1000)
    return st.one_of(
        st.builds(
            lambda low, high: {
                "type": "measure",
                "fact": "distance_m",
                "at_least": min(low, high),
                "at_most": max(low, high),
            },
            bound,
            bound,
        ),
        st.builds(
            lambda start: {"type": "measure", "fact": "count", "less_than": start},
            st.integers(1, 5),
        ),
        st.builds(lambda w, c: {"type": "place_in", "which": w, "codes": c}, which, _codes),
        st.builds(lambda w: {"type": "place_in", "which": w, "area": "triangle"}, which),
        st.builds(lambda w: {"type": "place_in", "which": w, "area": "circle"}, which),
        st.builds(lambda d: {"type": "date", "from": d}, _days),
        st.builds(lambda d: {"type": "date", "to": d}, _days),
        st.builds(lambda d: {"type": "date_in", "dates": d}, st.lists(_days, min_size=1)),
        st.just({"type": "date_in", "date_list": "special"}),
        st.just({"type": "weekday_in", "days": ["sunday", "monday"]}),
        st.builds(lambda a, b: {"type": "hours", "from": a, "before": b}, _hours, _hours),
        st.builds(
            lambda d: {
                "type": "operator_in",
                "timeline": [
                    {"allowed": ["op1"]},
                    {"from": f"{d}T00:00:00+02:00", "allowed": ["op1", "op2"]},
                ],
            },
            _days,
        ),
        st.builds(lambda d: {"type": "instant", "before": f"{d}T12:00:00Z"}, _days),
        st.just({"type": "class_in", "classes": ["C"]}),
        st.booleans().map(lambda passes: {"type": "adult", "unknown_passes": passes}),
        st.just({"type": "person_tag", "tag": "solidarity"}),
        st.just({"type": "same_code", "level": "aom"}),
        st.just({"type": "fact_is_zero", "fact": "passenger_contribution_units"}),
        st.just({"type": "material_in", "materials": ["glass"]}),
        st.just({"type": "proof_level_in", "levels": ["P2", "P3"]}),
    )


conditions = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.builds(
            lambda kind, of: {"type": kind, "of": of},
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda of: {"type": "not", "of": of}),
    ),
    max_leaves=4,
)


@cache
def _components(*, is_top_up: bool, tier_from: int) -> st.SearchStrategy[Tree]:
    options = [
        st.builds(
            lambda units, per: {"type": "fixed", "units": units, "per": per},
            _decimals,
            st.sampled_from(["act", "item", "kg", "seat"]),
        ),
        st.builds(
            lambda rate, start, width, ceiling, per: {
                "type": "per_km",
                "units_per_km": rate,
                "from_m": min(start, tier_from),
                "to_m": None if width is None else start + width,
                "max_units": ceiling,
                "per": per,
            },
            _decimals,
            st.integers(0, tier_from),
            st.none() | st.integers(1, 9000),
            st.none() | _decimals,
            st.sampled_from(["act", "seat"]),
        ),
    ]
    if is_top_up:
        options.append(_decimals.map(lambda share: {"type": "share_of_base", "percent": share}))
    return st.one_of(options)


@cache
def _pay(*, is_top_up: bool, tier_from: int) -> st.SearchStrategy[list[Tree]]:
    return st.lists(_components(is_top_up=is_top_up, tier_from=tier_from), max_size=2)


_starts = st.sets(st.integers(0, 9).map(lambda km: km * 1000), max_size=3)


@st.composite
def _tiers(draw: st.DrawFn, *, is_top_up: bool) -> list[Tree]:
    starts = sorted(draw(_starts))
    found = []
    for at, start in enumerate(starts or [0]):
        end = starts[at + 1] if at + 1 < len(starts) else None
        pay = draw(_pay(is_top_up=is_top_up, tier_from=start))
        found.append({"from": start, "below": end, "pay": pay})
    return found


def _number(of: int | str) -> Tree:
    return {"op": "number", "number": of}


_formulas = st.builds(
    lambda top, slope, step: {
        "op": "min",
        "args": [
            _number(top),
            {
                "op": "product",
                "args": [
                    _number(slope),
                    {
                        "op": "round_half_up",
                        "args": [
                            {
                                "op": "quotient",
                                "args": [{"op": "fact", "fact": "distance_m"}, _number(step)],
                            }
                        ],
                    },
                ],
            },
        ],
    },
    st.integers(0, 500),
    _decimals,
    st.sampled_from([1000, 700, 3]),
)


_adjustments = st.lists(
    st.one_of(
        st.builds(
            lambda factor, when: {"type": "multiply", "factor": factor, "when": when},
            _factors,
            st.none() | conditions,
        ),
        st.just({"type": "raise_to", "fact": "driver_revenue_units"}),
        st.builds(
            lambda low, high: {"type": "limit", "at_least": low, "at_most": low + high},
            st.integers(0, 50),
            st.integers(0, 500),
        ),
    ),
    max_size=2,
)
_roundings = st.sampled_from(["down", "half_up", "up"])
_modes = st.sampled_from(["sum_of_reached_tiers", "single_tier"])
_variants = {
    is_top_up: st.lists(
        st.builds(
            lambda when, tiers: {"when": when, "tiers": tiers},
            st.none() | st.none() | conditions,
            _tiers(is_top_up=is_top_up),
        ),
        min_size=1,
        max_size=2,
    )
    for is_top_up in (False, True)
}


@st.composite
def tariffs(draw: st.DrawFn, *, is_top_up: bool = False) -> Tree:
    found: Tree = {"rounding": draw(_roundings), "adjustments": draw(_adjustments)}
    if not is_top_up and draw(st.integers(0, 4)) == 0:
        return found | {"mode": "formula", "formula": draw(_formulas)}
    return found | {
        "mode": draw(_modes),
        "measure": "distance_m",
        "variants": draw(_variants[is_top_up]),
    }


_tariffs = {is_top_up: tariffs(is_top_up=is_top_up) for is_top_up in (False, True)}
_requirements = st.lists(
    st.builds(
        lambda part, condition, when: {part: condition, "when": when},
        st.sampled_from(["require", "exclude"]),
        conditions,
        st.none() | conditions,
    ),
    max_size=1,
)


@st.composite
def _rules(draw: st.DrawFn, name: str, *, tops_up: str | None = None) -> Tree:
    found = {
        "id": name,
        "title": {"fr": name, "en": name},
        "acts": {
            "kind": "recycling",
            "materials": draw(st.sampled_from([None, ["glass"], ["glass", "paper"]])),
            "proof_levels": draw(st.sampled_from([["P1", "P2", "P3"], ["P2"]])),
        },
        "require": [{"id": f"r{at}"} | item for at, item in enumerate(draw(_requirements))],
        "tariff": draw(_tariffs[tops_up is not None]),
        "max_units_per_act": draw(st.sampled_from([300, 5000])),
        "budget": "metropolis",
    }
    return found if tops_up is None else found | {"tops_up": [tops_up]}


@cache
def _chosen(rules: tuple[str, ...]) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(rules), min_size=1, unique=True)


@st.composite
def _caps(draw: st.DrawFn, rules: list[str]) -> list[Tree]:
    found = []
    for at in range(draw(st.integers(0, 4))):
        chosen = draw(_chosen(tuple(rules)))
        counter = draw(st.sampled_from(["amount", "amount", "acts", "seats", "items", "mass_g"]))
        found.append(
            {
                "id": f"cap{at}",
                "order": draw(st.integers(0, 3)),
                "rules": chosen,
                "target": draw(
                    st.sampled_from(
                        ["person", "driver", "station", "commune", "operator", "metropolis"]
                    )
                ),
                "counter": counter,
                "period": draw(st.sampled_from(["day", "week", "month", "year", "all"])),
                "max": draw(st.integers(0, 600 if counter in ("amount", "mass_g") else 4)),
            }
        )
    return found


@st.composite
def trees(draw: st.DrawFn, *, is_exact: bool = False, always_pays: bool = False) -> Tree:
    """A valid edition with one or two base rules, perhaps a top-up, and caps that bind.

    `is_exact` leaves `compat` out; `always_pays` gives the base rule 100 units per act and a
    top-up, so that caps and top-ups have something to work on.
    """
    names = ["one", "two"][: draw(st.integers(1, 2))]
    rules = [draw(_rules(name)) for name in names]
    if always_pays:
        rules[0] = small_rule(id="one", max_units_per_act=300)
    if always_pays or draw(st.booleans()):
        rules.append(draw(_rules("extra", tops_up=names[0])))
        names.append("extra")
    tree = small_tree(
        rules=rules,
        caps=draw(_caps(names)),
        stacking={"max_percent_of_base": draw(st.sampled_from([50, 200, 0]))},
        areas={
            "triangle": {"polygons": [TRIANGLE]},
            "circle": {"circle": {"lat": "43.3", "lon": "5.4", "radius_m": 5000}},
        },
        date_lists={"special": draw(_few_days)},
    )
    tree["budgets"][0]["max_units"] = draw(st.sampled_from([500, 10_000, 10**9]))
    tree["budgets"][0]["period"] = draw(st.sampled_from(["month", "all"]))
    tree["budgets"][0]["when_exhausted"] = draw(st.sampled_from(["pay_remainder", "refuse"]))
    if not is_exact and draw(st.booleans()):
        tree["compat"] = {
            "source": "random",
            "count_before_trimming": draw(st.booleans()),
            "negative_amounts": draw(st.booleans()),
            "missing_seats_as_one": draw(st.booleans()),
        }
    return tree


def rulebook_of(tree: Tree) -> Rulebook:
    return Book(edition_from_tree(tree))


_places = st.builds(
    Place,
    st.sampled_from(
        [
            {"commune": "13055", "aom": "a1"},
            {"commune": "13001"},
            {"commune": "13001", "aom": "a2"},
        ]
    ),
    st.sampled_from([Decimal("43.3"), Decimal(43), Decimal("43.5")]),
    st.sampled_from([Decimal("5.4"), Decimal("5.25"), Decimal("5.9")]),
)

acts = st.builds(
    Act,
    kind=st.just("recycling"),
    occurred_at=st.datetimes(
        min_value=datetime(2026, 3, 20),  # noqa: DTZ001 - hypothesis wants naive bounds
        max_value=datetime(2026, 4, 10),  # noqa: DTZ001 - hypothesis wants naive bounds
        timezones=st.just(UTC),
    ).map(lambda at: at - timedelta(microseconds=at.microsecond)),
    proof_level=st.sampled_from(LEVELS),
    material=st.sampled_from(MATERIALS),
    place=_places,
    end_place=_places,
    count=st.integers(0, 6),
    mass_g=st.integers(0, 3000),
    distance_m=st.integers(0, 12_000),
    seats=st.integers(1, 4),
    person_ref=st.sampled_from(["a", "b"]),
    driver_ref=st.sampled_from(["a", "c"]),
    station_ref=st.just("s"),
    operator=st.sampled_from(["op1", "op2", None]),
    operator_class=st.sampled_from(["B", "C"]),
    passenger_adult=st.sampled_from([True, False, None]),
    driver_revenue_units=st.integers(0, 90) | st.none(),
    passenger_contribution_units=st.integers(0, 2) | st.none(),
    person_tags=st.sampled_from([frozenset(), frozenset({"solidarity"})]),
)

act_lists = st.lists(acts, min_size=1, max_size=14)
