"""Each condition at its bounds."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from backend.rulebook import engine
from backend.rulebook.engine import ActIncompleteError, Place
from tests.unit.rulebook.books import book, make_act, small_rule

MARSEILLE = Place({"commune": "13055", "aom": "a1"}, Decimal("43.2965"), Decimal("5.3698"))
AIX = Place({"commune": "13001"}, Decimal("43.5263"), Decimal("5.4454"))
SQUARE = [[["5", "43"], ["6", "43"], ["6", "44"], ["5", "44"], ["5", "43"]]]


def holds(condition: dict[str, Any], *, compat: bool = False, **facts: Any) -> bool:
    parts: dict[str, Any] = {
        "rules": [small_rule(require=[{"id": "asked", "require": condition}])],
        "areas": {
            "square": {"polygons": [SQUARE]},
            "near": {"circle": {"lat": "43.2965", "lon": "5.3698", "radius_m": 500}},
        },
        "date_lists": {"special": ["2026-07-14"]},
    }
    if compat:
        parts["compat"] = {"source": "test", "processing_date": True, "other_clocks": True}
    act = make_act(place=MARSEILLE, end_place=AIX, **facts)
    return engine.evaluate(act, book(**parts), {}).amount_units == 100


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        (
            {"type": "instant", "from": "2026-07-01T00:00:00+02:00"},
            "2026-07-01T00:00:00+02:00",
            "2026-06-30T23:59:59+02:00",
        ),
        (
            {"type": "instant", "before": "2026-07-01T00:00:00+02:00"},
            "2026-06-30T23:59:59+02:00",
            "2026-07-01T00:00:00+02:00",
        ),
        ({"type": "date", "from": "2026-07-01"}, "2026-06-30T22:00:00Z", "2026-06-30T21:59:59Z"),
        ({"type": "date", "to": "2026-07-01"}, "2026-07-01T21:59:59Z", "2026-07-01T22:00:00Z"),
        (
            {"type": "date_in", "dates": ["2026-07-14"]},
            "2026-07-13T22:00:00Z",
            "2026-07-14T22:00:00Z",
        ),
        (
            {"type": "date_in", "date_list": "special"},
            "2026-07-14T12:00:00Z",
            "2026-07-15T12:00:00Z",
        ),
        (
            {"type": "weekday_in", "days": ["sunday"]},
            "2026-07-04T22:00:00Z",
            "2026-07-05T22:00:00Z",
        ),
        (
            {"type": "hours", "from": "07:00", "before": "09:30"},
            "2026-07-01T05:00:00Z",
            "2026-07-01T07:30:00Z",
        ),
        (
            {"type": "hours", "from": "22:00", "before": "06:00"},
            "2026-07-01T03:59:59Z",
            "2026-07-01T04:00:00Z",
        ),
    ],
)
def test_time_conditions_at_their_bounds(condition: dict[str, Any], yes: str, no: str) -> None:
    assert holds(condition, occurred_at=at(yes))
    assert not holds(condition, occurred_at=at(no))


def test_utc_calendar_is_possible_in_compat_only() -> None:
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    condition = {"type": "date", "from": "2026-07-01", "time_zone": "UTC"}

    assert not holds(condition, compat=True, occurred_at=late)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({"at_least": 5}, (5, 6), (4,)),
        ({"less_than": 5}, (4,), (5,)),
        ({"at_most": 5}, (5,), (6,)),
        ({"at_least": 2, "less_than": 4}, (2, 3), (1, 4)),
    ],
)
def test_measure_bounds_are_what_their_names_say(
    bounds: dict[str, int], inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    condition = {"type": "measure", "fact": "count"} | bounds

    assert all(holds(condition, count=count) for count in inside)
    assert not any(holds(condition, count=count) for count in outside)


@pytest.mark.parametrize(
    ("which", "expected"), [("start", True), ("end", False), ("both", False), ("either", True)]
)
def test_place_in_looks_at_the_named_ends(which: str, expected: bool) -> None:
    codes = {"commune": ["13055"], "epci": ["nowhere"]}

    assert holds({"type": "place_in", "which": which, "codes": codes}) is expected
    assert holds({"type": "place_in", "which": which, "area": "near"}) is expected


def test_polygon_holds_both_ends() -> None:
    assert holds({"type": "place_in", "which": "both", "area": "square"})


def test_place_without_position_under_a_polygon_is_an_error() -> None:
    rule = small_rule(
        require=[{"id": "in", "require": {"type": "place_in", "which": "start", "area": "square"}}]
    )
    rulebook = book(rules=[rule], areas={"square": {"polygons": [SQUARE]}})

    with pytest.raises(ActIncompleteError):
        engine.evaluate(make_act(place=Place({"commune": "13055"})), rulebook, {})


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ({"type": "class_in", "classes": ["C"]}, {"operator_class": "C"}, {"operator_class": "B"}),
        ({"type": "material_in", "materials": ["glass"]}, {}, {"material": "paper"}),
        ({"type": "mode_in", "modes": ["bus"]}, {"mode": "bus"}, {"mode": "car"}),
        ({"type": "proof_level_in", "levels": ["P3"]}, {"proof_level": "P3"}, {}),
        (
            {"type": "person_tag", "tag": "solidarity"},
            {"person_tags": frozenset({"solidarity"})},
            {},
        ),
        ({"type": "adult", "unknown_passes": True}, {}, {"passenger_adult": False}),
        ({"type": "adult", "unknown_passes": False}, {"passenger_adult": True}, {}),
        ({"type": "fact_is_zero", "fact": "seats"}, {"seats": 0}, {"seats": 1}),
        ({"type": "fact_is_zero", "fact": "seats"}, {}, {"seats": 2}),
        (
            {"type": "not", "of": {"type": "mode_in", "modes": ["car"]}},
            {"mode": "bus"},
            {"mode": "car"},
        ),
    ],
)
def test_plain_facts(condition: dict[str, Any], yes: dict[str, Any], no: dict[str, Any]) -> None:
    assert holds(condition, **yes)
    assert not holds(condition, **no)


def test_same_code_takes_two_unknown_codes_as_equal() -> None:
    assert holds({"type": "same_code", "level": "reseau"})
    assert not holds({"type": "same_code", "level": "aom"})


def test_operators_follow_their_timeline() -> None:
    condition = {
        "type": "operator_in",
        "timeline": [
            {"from": "2026-02-01T00:00:00Z", "allowed": ["a", "b"]},
            {"from": "2026-03-01T00:00:00Z", "allowed": ["b"]},
        ],
    }
    found = [
        holds(condition, operator="a", occurred_at=at(f"2026-0{month}-15T00:00:00Z"))
        for month in (1, 2, 3)
    ]

    assert found == [False, True, False]


def test_day_of_computation_is_read_in_compat() -> None:
    condition = {"type": "processed", "from": "2026-05-01"}

    assert holds(condition, compat=True, processed_on=date(2026, 5, 1))
    assert not holds(condition, compat=True, processed_on=date(2026, 4, 30))
    with pytest.raises(ActIncompleteError):
        holds(condition, compat=True)


def test_requirement_is_skipped_when_its_when_does_not_hold() -> None:
    item = {
        "id": "class",
        "require": {"type": "class_in", "classes": ["C"]},
        "when": {"type": "date", "from": "2026-12-01"},
    }
    rulebook = book(rules=[small_rule(require=[item])])

    before = engine.evaluate(make_act(occurred_at=at("2026-11-30T12:00:00Z")), rulebook, {})
    after = engine.evaluate(make_act(occurred_at=at("2026-12-01T12:00:00Z")), rulebook, {})

    assert (before.amount_units, after.amount_units) == (100, 0)
