from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.mobility.evaluation import read_traces
from backend.mobility.fraud.altered import MODEL_PATH
from backend.mobility.fraud.fingerprint import fingerprint
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.features import FEATURE_NAMES
from backend.mobility.pipeline.legs import Leg, find_legs
from backend.mobility.pipeline.model import default_model, load_model
from backend.mobility.reasons import CODES, Reason
from backend.mobility.rules import is_genuine, is_within_bounds, proved
from backend.mobility.scorecard import scorecard
from backend.mobility.trace import FloatArray
from backend.mobility.verify import verify
from scripts.mobility.alter import slowed, steady
from tests.unit.mobility.support import (
    BIKE,
    BIKE_OTHER_DAY,
    CAR,
    DATA,
    later,
    line,
    real,
    real_leg,
)


def test_proves_a_real_bike_ride_at_p1_with_distance_and_factor_ids() -> None:
    verdict = verify(real(BIKE))

    assert (verdict.verdict, verdict.proof_level) == ("accepted", "P1")
    assert [leg.mode for leg in verdict.legs if leg.proof_level == "P1"].count("bike") == 1
    assert 3_000 < verdict.proved_distance_m["bike"] < 4_500
    assert verdict.factor_ids[0] == "car.thermal.solo@2026-07-01"
    bike_km = verdict.proved_distance_m["bike"] / 1000
    assert verdict.co2_avoided_g >= int(bike_km * (142.25 - 10.95)) - 1


def test_a_car_ride_is_accepted_as_seen_but_pays_nothing_without_a_witness() -> None:
    verdict = verify(real(CAR))

    assert "car" in {leg.mode for leg in verdict.legs}
    assert "bike" not in verdict.proved_distance_m
    assert "needs_witness" in {reason.code for reason in verdict.reasons}


def test_no_motor_leg_of_the_copied_traces_is_paid_as_bike() -> None:
    card = scorecard(DATA / "traces")

    assert card["paid"]["motor_legs_paid_as_bike"] == 0
    assert card["legs"] >= 18
    ours, theirs = (card["walk_bike_motor"][k] for k in ("ours_given", "e_mission_rule"))
    assert ours["accuracy"] >= theirs["accuracy"] + 0.15


def test_holds_a_replay_of_an_earlier_trace_and_not_a_ride_of_another_day() -> None:
    earlier = [fingerprint(clean(real(BIKE)).trace)]

    replay = verify(later(real(BIKE), 86_400), history=earlier)
    other_day = verify(real(BIKE_OTHER_DAY), history=earlier)

    assert replay.verdict == "held"
    assert next(reason.code for reason in replay.reasons) == "same_movement"
    assert other_day.verdict == "accepted"


def test_refuses_a_trace_that_stands_still_and_one_without_accurate_fixes() -> None:
    still = verify(line(np.zeros(100)))
    vague = line(np.full(100, 4.0))
    lost = verify(replace(vague, accuracy_m=np.full(len(vague), 500.0)))

    assert (still.verdict, still.reasons[0].code) == ("refused", "no_movement")
    assert (lost.verdict, lost.reasons[0].code) == ("refused", "too_few_fixes")
    assert still.co2_avoided_g == 0


def test_verdict_does_not_depend_on_when_or_in_what_order_points_arrive() -> None:
    trace = real(BIKE)
    shuffled = trace.take(np.random.default_rng(5).permutation(len(trace)))

    assert verify(trace).legs == verify(trace).legs
    assert verify(shuffled).legs == verify(trace).legs
    assert verify(shuffled).reasons[0].code == "disorder"


def test_input_trace_is_left_as_it_was() -> None:
    trace = real(BIKE)
    before = [column.copy() for column in (trace.t, trace.lat, trace.lon)]

    verify(trace)

    assert all(
        np.array_equal(one, other)
        for one, other in zip(before, (trace.t, trace.lat, trace.lon), strict=True)
    )


@pytest.mark.parametrize(
    ("change", "is_paid"),
    [
        ({}, True),
        ({"probability": 0.9}, True),
        ({"probability": 0.8999}, False),
        ({"interval_s": 10.0}, True),
        ({"interval_s": 10.1}, True),
        ({"interval_s": 35.0}, True),
        ({"interval_s": 35.1}, False),
        ({"interval_s": 10.1, "fixes": 20, "distance_m": 600.0}, True),
        ({"interval_s": 10.1, "distance_m": 599.9}, False),
        ({"interval_s": 10.1, "start_t": 0.0, "end_t": 420.0}, True),
        ({"interval_s": 10.1, "start_t": 0.0, "end_t": 419.9}, False),
        ({"start_t": 0.0, "end_t": 120.0}, True),
        ({"start_t": 0.0, "end_t": 119.9}, False),
        ({"fixes": 20}, True),
        ({"fixes": 19}, False),
        ({"distance_m": 200.0}, True),
        ({"distance_m": 199.9}, False),
        ({"gap_share": 0.35}, True),
        ({"gap_share": 0.36}, False),
        ({"mode": "bus"}, False),
        ({"mode": "car"}, False),
    ],
)
def test_leg_is_proved_only_within_every_bound(change: Any, is_paid: bool) -> None:
    from_trace = _bike_leg()

    assert is_within_bounds(replace(from_trace, **change)) is is_paid


def test_a_leg_too_fast_for_a_bike_is_never_proved() -> None:
    leg = _bike_leg()
    fast = np.full_like(leg.features, 14.1)

    assert not is_within_bounds(replace(leg, features=fast))


def test_a_bike_that_never_speeds_up_is_doubted_and_one_with_rare_fixes_is_not() -> None:
    leg = _bike_leg()
    lazy, unknown = leg.features.copy(), leg.features.copy()
    lazy[FEATURE_NAMES.index("gain_q90@10")] = 0.079
    unknown[FEATURE_NAMES.index("gain_q90@10")] = np.nan

    assert not is_within_bounds(replace(leg, features=lazy))
    assert is_within_bounds(replace(leg, features=unknown))


def test_a_walk_whose_fixes_are_rare_needs_fifteen_of_them() -> None:
    walk = replace(_bike_leg(), mode="walk", interval_s=20.0, features=_slow_features())

    assert is_within_bounds(replace(walk, fixes=15))
    assert not is_within_bounds(replace(walk, fixes=14))
    assert is_within_bounds(replace(walk, fixes=8, interval_s=10.0))


@pytest.mark.parametrize(
    ("interval_s", "fastest_mps", "is_paid"),
    [(10.1, 2.5, True), (10.1, 2.6, False), (10.0, 5.0, True), (10.0, 5.1, False)],
)
def test_a_walk_whose_fixes_are_rare_is_no_run(
    interval_s: float, fastest_mps: float, is_paid: bool
) -> None:
    features = np.full(len(FEATURE_NAMES), fastest_mps)
    walk = replace(_bike_leg(), mode="walk", interval_s=interval_s, features=features)

    assert is_within_bounds(walk) is is_paid


@pytest.mark.parametrize(
    ("interval_s", "altered", "of_trip", "is_paid"),
    [
        (10.0, 0.50, 0.45, True),
        (10.0, 0.51, 0.45, False),
        (10.0, 0.50, 0.46, False),
        (10.1, 0.40, 0.30, True),
        (10.1, 0.41, 0.30, False),
        (10.1, 0.40, 0.31, False),
    ],
)
def test_leg_and_trip_must_both_look_genuine(
    interval_s: float, altered: float, of_trip: float, is_paid: bool
) -> None:
    leg = replace(_bike_leg(), interval_s=interval_s)

    assert is_genuine(leg, altered, of_trip) is is_paid


def test_a_genuine_ride_is_paid_and_slowed_vehicles_and_played_lines_are_not() -> None:
    rng = np.random.default_rng(8)
    bike, car = real_leg(BIKE, "bike"), real_leg(CAR, "car")
    forged = [slowed(car, rng) for _ in range(12)] + [steady(bike, rng) for _ in range(12)]

    paid = [any(proved(find_legs(clean(one).trace, default_model()))) for one in [bike, *forged]]

    assert paid[0]
    assert sum(paid[1:]) <= 1


def test_witness_of_altered_movements_can_be_another_one() -> None:
    legs = find_legs(real_leg(BIKE, "bike"), default_model())
    witness = load_model(MODEL_PATH)
    strict = replace(witness, modes=witness.modes[::-1])

    assert any(proved(legs))
    assert not any(proved(legs, strict))


def test_every_reason_has_words_in_both_languages() -> None:
    reasons = [Reason(code, {}) for code in CODES]

    assert all(one.text("fr") and one.text("en") != one.text("fr") for one in reasons)


def test_labelled_traces_name_group_and_modes() -> None:
    labelled = list(read_traces(DATA / "traces"))

    assert len(labelled) == 10
    assert {leg.mode for one in labelled for leg in one.legs} == {
        "walk", "bike", "bus", "rail", "car",
    }  # fmt: skip


def _slow_features() -> FloatArray:
    return np.full(len(FEATURE_NAMES), 1.0)


def _bike_leg() -> Leg:
    legs = find_legs(clean(real(BIKE)).trace, default_model())
    leg = max((one for one in legs if one.mode == "bike"), key=lambda one: one.distance_m)
    return replace(leg, probability=0.95)
