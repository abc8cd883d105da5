"""The whole documented campaign format, also what the 30 campaigns at hand do not use.

Each test builds a one-rule campaign and asks what one trip gives, by the words of the format.
"""

import json
from typing import Any

import pytest

from backend.rulebook.adapters.carpool import import_campaign, import_with_remarks
from backend.rulebook.adapters.carpool_cases import CaseResult, replay
from backend.rulebook.errors import CampaignUnsupportedError
from backend.rulebook.rulebook import Rulebook
from tests.unit.rulebook.books import DATA

HALF_UP = {"mode": "nearest, half up (toward +infinity)", "unit_cents": 1}
SQUARE = [[[5, 43], [6, 43], [6, 44.00000000000001], [5, 44], [5, 43]]]


def seat(cents: object, per: str = "seat") -> dict[str, Any]:
    return {"fixed_cents": cents, "per": per}


def tier(start: int | None, end: int | None, *parts: dict[str, Any]) -> dict[str, Any]:
    return {"from_m": start, "to_m": end, "components": list(parts)}


def campaign(**parts: Any) -> dict[str, Any]:
    tariff = {
        "mode": "sum_of_reached_tiers",
        "variants": [{"when": None, "tiers": [tier(0, None, seat(100))]}],
        "adjustments": [],
        "rounding": HALF_UP,
    }
    return {
        "schema": "carpool-campaign/1",
        "id": "Test Campaign #1",
        "label": "Test",
        "time_zone": "Europe/Paris",
        "parameters": {},
        "eligibility": [],
        "tariff": tariff | parts.pop("tariff", {}),
        "caps": [],
    } | parts


def trip(**facts: Any) -> dict[str, Any]:
    return {
        "id": "t",
        "driver": "d1",
        "passenger": "p1",
        "operator": "op1",
        "operator_trip": "j1",
        "class": "C",
        "departure": "2024-06-01T12:00:00+02:00",
        "seats": 1,
        "distance_m": 10_000,
        "start": "A",
        "end": "B",
        "passenger_is_adult": None,
        "driver_revenue_cents": 0,
        "passenger_contribution_cents": 0,
    } | facts


def cases(*trips: dict[str, Any], **parts: Any) -> dict[str, Any]:
    policy = {"start": None, "end": None, "budget_cents": 10**9, "territory_selector": None}
    places = {
        "A": {"commune": "1", "aom": "x", "reseau": 7, "lat": 43.5, "lon": 5.5},
        "B": {"commune": "2", "aom": None, "lat": 43, "lon": 5},
        "C": {"commune": "3", "aom": None, "lat": 45.0, "lon": 5.5},
    }
    case = {
        "n": 1,
        "topic": "test",
        "policy": policy | parts.pop("policy", {}),
        "opening": [],
        "trips": list(trips),
        "expected": [None] * len(trips),
        "closing": None,
    }
    return {"schema": "carpool-cases/1", "places": places, "cases": [case | parts]}


def run(facts: dict[str, Any], document: dict[str, Any]) -> CaseResult:
    rulebook = Rulebook(import_campaign(json.dumps(facts)))
    return replay(rulebook, json.dumps(document))[0]


def amounts(facts: dict[str, Any], *trips: dict[str, Any], **parts: Any) -> list[Any]:
    return list(run(facts, cases(*trips, **parts)).got)


def required(condition: dict[str, Any]) -> dict[str, Any]:
    return campaign(eligibility=[{"id": "Only This", "require": condition}])


@pytest.mark.parametrize(
    ("bounds", "paid"),
    [
        ({"min_m": 10, "max_m": 20}, [0, 100, 100, 0, 0]),
        ({"min_m": 10, "max_m": 20, "min_inclusive": False}, [0, 0, 100, 0, 0]),
        ({"min_m": 10, "max_m": 20, "max_inclusive": True}, [0, 100, 100, 100, 0]),
        ({"min_m": None, "max_m": 20}, [100, 100, 100, 0, 0]),
        ({"min_m": None, "max_m": None}, [100, 100, 100, 100, 100]),
    ],
)
def test_distance_bounds_follow_their_flags(bounds: dict[str, Any], paid: list[int]) -> None:
    trips = [trip(distance_m=metres) for metres in (9, 10, 19, 20, 21)]

    assert amounts(required({"type": "distance"} | bounds), *trips) == paid


@pytest.mark.parametrize(
    ("kind", "paid"),
    [
        ("start_and_end_in_polygon", [100, 0, 0]),
        ("start_in_polygon", [100, 100, 0]),
        ("end_in_polygon", [100, 0, 100]),
        ("start_or_end_in_polygon", [100, 100, 100]),
    ],
)
def test_polygons_of_either_geometry(kind: str, paid: list[int]) -> None:
    trips = [trip(), trip(end="C"), trip(start="C", end="B")]
    for geometry in (
        {"type": "Polygon", "coordinates": SQUARE},
        {"type": "MultiPolygon", "coordinates": [SQUARE]},
    ):
        facts = required({"type": kind, "geometry": geometry})
        assert amounts(facts, *trips) == paid


def test_codes_match_numbers_and_text_at_any_listed_level() -> None:
    facts = required({"type": "start_in", "codes": {"reseau": ["7"], "commune": [2], "epci": []}})

    assert amounts(facts, trip(), trip(start="B"), trip(start="C")) == [100, 100, 0]


def test_run_time_selector_can_be_asked_in_a_condition() -> None:
    facts = required({"type": "end_in", "codes": {"parameter": "territory_selector"}})

    found = amounts(facts, trip(), trip(end="C"), policy={"territory_selector": {"commune": ["2"]}})

    assert found == [100, 0]


def test_run_time_validity_is_inclusive_at_both_ends() -> None:
    noon = "2024-06-01T12:00:00+02:00"
    found = amounts(
        campaign(),
        trip(departure="2024-06-01T11:59:59+02:00"),
        trip(),
        trip(departure="2024-06-01T12:00:01+02:00"),
        policy={"start": noon, "end": noon},
    )

    assert found == [0, 100, 0]


def test_listed_days_can_come_with_the_case_under_any_name() -> None:
    condition = {
        "type": "local_date_in",
        "time_zone": "Europe/Paris",
        "dates": {"parameter": "boosterDates"},
    }
    facts = required(condition) | {"parameters": {"boosterDates": {"deployed": ["2024-06-02"]}}}

    assert amounts(facts, trip()) == [0]
    assert amounts(facts, trip(), policy={"boosterDates": ["2024-06-01"]}) == [100]


def test_an_empty_list_of_days_never_holds() -> None:
    condition = {"type": "local_date_in", "time_zone": "Europe/Paris", "dates": []}

    assert amounts(required(condition), trip()) == [0]


def test_operators_are_nobody_before_the_first_entry() -> None:
    timeline = [{"from": "2024-06-01T12:00:01+02:00", "allowed": ["op1"]}]

    assert amounts(required({"type": "operator_allowed", "timeline": timeline}), trip()) == [0]


def test_minors_pass_unless_known() -> None:
    trips = [trip(passenger_is_adult=adult) for adult in (True, False, None)]

    assert amounts(required({"type": "passenger_adult"}), *trips) == [100, 0, 100]


def test_two_entries_of_one_name_both_count() -> None:
    entries = [
        {"id": "same", "require": {"type": "operator_class_in", "classes": ["C"]}},
        {"id": "same", "exclude": {"type": "local_weekday_in", "time_zone": "Europe/Paris",
                                   "days": ["saturday"]}},
        {"exclude": {"type": "same_code", "level": "epci"},
         "when": {"type": "utc_date_from", "date": "2025-01-01"}},
    ]  # fmt: skip

    assert amounts(campaign(eligibility=entries), trip()) == [0]  # a Saturday
    assert amounts(campaign(eligibility=[entries[0], entries[2]]), trip()) == [100]


def test_tiers_may_be_written_in_any_order_and_ends_do_not_bind_when_summed() -> None:
    tiers = [
        tier(5000, 6000, {"cents_per_km": 12.5, "km_from_m": 5000, "km_to_m": None, "per": "seat"}),
        tier(0, 0, seat(10, "trip")),
    ]
    facts = campaign(tariff={"variants": [{"when": None, "tiers": tiers}]})

    # 10 once + 12.5 × 5 km × 2 seats = 135.
    assert amounts(facts, trip(seats=2)) == [135]


def test_seats_zero_or_missing_pay_as_one() -> None:
    assert amounts(campaign(), trip(seats=0), trip(seats=None), trip(seats=3)) == [100, 100, 300]


@pytest.mark.parametrize(
    ("mode", "paid"), [("nearest, half up", 3), ("down", 2), ("floor", 2), ("up", 3)]
)
def test_rounding_modes(mode: str, paid: int) -> None:
    tariff = {
        "rounding": {"mode": mode, "unit_cents": 1},
        "variants": [{"when": None, "tiers": [tier(0, None, seat(2.5))]}],
    }

    assert amounts(campaign(tariff=tariff), trip()) == [paid]


def test_formula_with_every_operation() -> None:
    field = {"field": "passenger_contribution_cents"}
    formula = {
        "max": [
            0,
            {
                "sum": [
                    {"quotient": [{"product": [2, {"field": "distance_m"}]}, 1000]},
                    {"negate": field},
                    {"difference": [{"clamp": [{"field": "seats"}, 2, 4]}, 0.5]},
                    {"round_half_up": 0.5},
                    {"min": [7, 9]},
                ]
            },
        ]
    }
    facts = campaign(tariff={"mode": "formula", "formula": formula, "variants": []})

    # 20 - 3 + (2 - 0.5) + 1 + 7 = 26.5, rounded half up.
    assert amounts(facts, trip(passenger_contribution_cents=3)) == [27]


def test_adjustments_multiply_then_raise() -> None:
    adjustments = [
        {"type": "multiply", "factor": 1.5, "when": None},
        {"type": "raise_to", "field": "driver_revenue_cents"},
    ]
    facts = campaign(tariff={"adjustments": adjustments})

    assert amounts(facts, trip(), trip(driver_revenue_cents=400)) == [150, 400]


def cap(target: str, counter: str, period: str, limit: object) -> dict[str, Any]:
    return {"target": target, "counter": counter, "period": period, "max": limit}


@pytest.mark.parametrize(
    ("one", "paid"),
    [
        (cap("driver", "trips", "week", 1), [100, 0, 100]),
        (cap("passenger", "amount", "year", 150), [100, 50, 0]),
        (cap("campaign", "trips", "campaign", 2), [100, 100, 0]),
        (cap("operator", "amount", "month", 250), [100, 100, 50]),
        (cap("operator_trip", "seats", "day", 2), [100, 100, 100]),
        (cap("campaign", "amount", "campaign", "budget_cents"), [100, 20, 0]),
    ],
)
def test_caps_of_every_target_counter_and_period(one: dict[str, Any], paid: list[int]) -> None:
    days = ("2024-06-01", "2024-06-02", "2024-06-03")  # Saturday, Sunday, Monday
    trips = [trip(departure=f"{day}T12:00:00+02:00") for day in days]

    assert amounts(campaign(caps=[one]), *trips, policy={"budget_cents": 120}) == paid


def test_quantities_may_pass_their_limit_once() -> None:
    facts = campaign(caps=[cap("operator_trip", "seats", "day", 3)])

    assert amounts(facts, trip(seats=2), trip(seats=4), trip(seats=1)) == [200, 400, 0]


def test_counters_of_refused_trips_stay_moved() -> None:
    caps = [cap("driver", "trips", "day", 5), cap("driver", "amount", "month", 150)]
    closing = [
        {"target": "driver", "who": "d1", "counter": "trips", "period": "day",
         "period_key": "2024-06-01", "value": 3},
        {"target": "driver", "who": "d1", "counter": "amount", "period": "month",
         "period_key": "2024-06", "value": 150},
    ]  # fmt: skip
    document = cases(trip(), trip(), trip(), expected=[100, 50, 0], closing=closing)

    assert run(campaign(caps=caps), document).differences == ()


def test_openings_are_read_and_untouched_ones_need_no_closing() -> None:
    opening = [
        {"target": "driver", "who": who, "counter": "amount", "period": "month",
         "period_key": "2024-06", "value": 120}
        for who in ("d1", "d2")
    ]  # fmt: skip
    facts = campaign(caps=[cap("driver", "amount", "month", 150)])
    closing = [opening[0] | {"value": 150}]
    document = cases(trip(), opening=opening, expected=[30], before_caps=[100], closing=closing)

    assert run(facts, document).differences == ()


def test_no_budget_is_no_cap_and_budget_zero_refuses() -> None:
    facts = campaign(caps=[cap("campaign", "amount", "campaign", "budget_cents")])

    assert amounts(facts, trip(), policy={"budget_cents": None}) == [100]
    assert amounts(facts, trip(), policy={"budget_cents": 0}) == [0]


def test_a_trip_without_the_identity_a_cap_needs_is_an_error_not_zero() -> None:
    facts = campaign(caps=[cap("driver", "trips", "day", 5)])

    assert "driver_ref" in amounts(facts, trip(driver=None))[0]
    result = run(facts, cases(trip(driver=None), expected=[0]))
    assert len(result.differences) == 1


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"eligibility": [{"id": "x", "require": {}}]}, "eligibility[0].require"),
        (
            {"eligibility": [{"id": "x", "require": {"type": "any", "of": [{"type": "x"}]}}]},
            "eligibility[0].require.of[0]",
        ),
        (
            {"eligibility": [{"id": "x", "require": {"type": "instant_from"}}]},
            "eligibility[0].require",
        ),
        (
            {"eligibility": [{"id": "x", "require": {"type": "field_is_zero", "field": "y"}}]},
            "eligibility[0].require",
        ),
        (
            {"eligibility": [{"id": "x", "require": {"type": "start_in",
                                                     "codes": {"parameter": "y"}}}]},
            "eligibility[0].require",
        ),
        (
            {"eligibility": [{"id": "x", "require": {"type": "start_in_polygon",
                                                     "geometry": {"type": "Point"}}}]},
            "eligibility[0].require",
        ),
        (
            {"eligibility": [{"id": "x", "require": {"type": "start_in_polygon",
                                                     "boundary_counts_inside": False,
                                                     "geometry": {"type": "Polygon"}}}]},
            "eligibility[0].require",
        ),
        ({"tariff": {"rounding": {"mode": "half up", "unit_cents": 5}}},
         "tariff.rounding.unit_cents"),
        ({"tariff": {"rounding": {"mode": "sideways"}}}, "tariff.rounding.mode"),
        ({"tariff": {"adjustments": [{"type": "double"}]}}, "tariff.adjustments[0]"),
        ({"tariff": {"variants": [{"tiers": [tier(0, 1, {"per": "seat"})]}]}},
         "tariff.variants[0].tiers[0].components[0]"),
        ({"tariff": {"variants": [{"tiers": [tier(0, 1, seat(1, "hour"))]}]}},
         "tariff.variants[0].tiers[0].components[0]"),
        ({"tariff": {"mode": "formula", "formula": {"power": [1, 2]}}}, "tariff.formula"),
        ({"tariff": {"mode": "formula", "formula": {"min": [1], "max": [2]}}}, "tariff.formula"),
        ({"caps": [cap("driver", "trips", "day", "unlimited")]}, "caps[0].max"),
    ],
)  # fmt: skip
def test_anything_undocumented_is_refused_with_its_path(part: dict[str, Any], where: str) -> None:
    with pytest.raises(CampaignUnsupportedError) as caught:
        import_campaign(json.dumps(campaign(**part)))

    assert caught.value.errors[0]["path"] == where


def test_cases_whose_lengths_differ_are_a_difference() -> None:
    result = run(campaign(), cases(trip(), expected=[100, 100]))

    assert result.differences == ("2 amounts expected, 1 trips replayed",)


def test_fields_beyond_the_format_are_named_and_left_out() -> None:
    facts = required({"type": "distance", "min_m": 5000, "max_m": None, "unit": "m"})
    facts["tariff"]["variants"][0]["tiers"][0]["components"][0]["vat"] = 20
    facts["caps"] = [cap("driver", "trips", "day", 6) | {"grace": 1, "note": "words"}]
    facts["surprise"] = True

    edition, unknown = import_with_remarks(json.dumps(facts))

    assert edition == import_campaign(json.dumps(facts))
    assert unknown == [
        "surprise",
        "eligibility[0].require.unit",
        "tariff.variants[0].tiers[0].components[0].vat",
        "caps[0].grace",
    ]


def test_no_field_of_the_real_campaigns_is_unknown() -> None:
    for path in sorted((DATA / "campaigns").glob("*.json")):
        assert import_with_remarks(path.read_bytes())[1] == []


@pytest.mark.parametrize(
    ("condition", "paid"),
    [
        ({"type": "all", "of": []}, 100),
        ({"type": "any", "of": []}, 0),
        ({"type": "operator_class_in", "classes": []}, 0),
        ({"type": "operator_allowed", "timeline": []}, 0),
        ({"type": "start_in", "codes": {"commune": []}}, 0),
        ({"type": "distance", "min_m": 5000, "max_m": 5000}, 0),
    ],
)
def test_empty_lists_hold_as_the_words_say(condition: dict[str, Any], paid: int) -> None:
    assert amounts(required(condition), trip()) == [paid]


def test_of_overlapping_tiers_the_first_that_fits_counts() -> None:
    tiers = [tier(0, 8000, seat(1)), tier(5000, 12_000, seat(2)), tier(9000, 9000, seat(3))]
    facts = campaign(tariff={"mode": "single_tier", "variants": [{"when": None, "tiers": tiers}]})
    trips = [trip(distance_m=metres) for metres in (0, 5000, 7999, 8000, 11_999, 12_000)]

    assert amounts(facts, *trips) == [1, 1, 1, 2, 2, 0]


def test_a_fixed_limit_on_the_campaign_is_not_the_budget_of_the_case() -> None:
    caps = [cap("campaign", "amount", "campaign", limit) for limit in (150, "budget_cents")]

    paid = amounts(campaign(caps=caps), trip(), trip(), policy={"budget_cents": 10**6})

    # Both caps share one counter, so it moves twice per trip.
    assert paid == [100, 0]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": NaN}', '{"a": 1e999999999}', "\x00"])
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(CampaignUnsupportedError):
        import_campaign(text)
