from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backend.mobility.carpool.pairing import co_presence, is_code_right, pairing_code
from backend.mobility.carpool.rules import (
    Label,
    arrival_labels,
    between_operator_labels,
    overlap_labels,
    plausibility_labels,
)
from backend.mobility.carpool.trips import CarpoolTrip, TripStatus
from backend.mobility.pipeline.cleaning import clean
from tests.unit.mobility.support import BIKE, BIKE_OTHER_PHONE, CAR, later, real

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 7, 11, 8, 0, tzinfo=PARIS)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def trip(
    trip_id: str = "new", *, start: datetime = START, minutes: float = 20.0, **changes: Any
) -> CarpoolTrip:
    facts: dict[str, Any] = {
        "trip_id": trip_id,
        "operator": "op1",
        "driver": "dora",
        "passenger": "paul",
        "started_at": start,
        "ended_at": start + minutes * MINUTE,
        "received_at": start + timedelta(hours=1),
        "distance_m": 12_000,
    }
    return CarpoolTrip(**facts | changes)


def codes(labels: list[Label]) -> list[str]:
    return [label.code for label in labels]


def test_a_plain_trip_gets_no_label() -> None:
    assert arrival_labels(trip(), []) == []
    assert plausibility_labels(trip(route_distance_m=11_500, route_duration_s=1_100)) == []
    assert overlap_labels([trip()]) == []
    assert between_operator_labels([trip()]) == []


@pytest.mark.parametrize(
    ("late", "is_late"),
    [
        (timedelta(hours=24) - SECOND, False),
        (timedelta(hours=24), False),
        (timedelta(hours=24) + SECOND, True),
    ],
)
def test_expires_beyond_24_hours_after_the_start(late: timedelta, is_late: bool) -> None:
    labels = arrival_labels(trip(received_at=START.astimezone(UTC) + late), [])

    assert ("expired" in codes(labels)) is is_late


def test_24_hours_are_real_hours_on_the_day_when_clocks_change() -> None:
    start = datetime(2026, 3, 28, 12, 0, tzinfo=PARIS)
    received = datetime(2026, 3, 29, 12, 30, tzinfo=PARIS)

    assert arrival_labels(trip(start=start, received_at=received), []) == []


@pytest.mark.parametrize(
    ("distance_m", "is_short"), [(1_999, True), (2_000, False), (2_001, False)]
)
def test_distance_bound(distance_m: int, is_short: bool) -> None:
    labels = arrival_labels(trip(distance_m=distance_m), [])

    assert ("distance_too_short" in codes(labels)) is is_short


def earlier_trips(count: int, **changes: Any) -> list[CarpoolTrip]:
    return [
        trip(f"t{n}", start=START - timedelta(hours=1 + n), passenger=f"p{n}", minutes=5, **changes)
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "is_too_many"), [(3, False), (4, True), (5, True)])
def test_fifth_trip_of_a_day_is_one_too_many(count: int, is_too_many: bool) -> None:
    labels = arrival_labels(trip(), earlier_trips(count))

    assert ("too_many_trips_by_day" in codes(labels)) is is_too_many


def test_passengers_of_one_ride_are_one_trip() -> None:
    same_ride = [trip("t1", start=START - timedelta(hours=2), passenger=f"p{n}") for n in range(6)]

    assert arrival_labels(trip(), same_ride) == []


def test_counts_the_passengers_day_as_well_as_the_drivers() -> None:
    as_passenger = [
        replace(one, driver=f"d{n}", passenger="paul") for n, one in enumerate(earlier_trips(4))
    ]

    assert codes(arrival_labels(trip(), as_passenger)) == ["too_many_trips_by_day"]


@pytest.mark.parametrize(
    "status", [TripStatus.CANCELED, TripStatus.EXPIRED, TripStatus.TERMS_VIOLATION]
)
def test_cancelled_and_refused_trips_count_towards_nothing(status: TripStatus) -> None:
    near = trip("near", start=START - 25 * MINUTE, status=status)

    assert arrival_labels(trip(), [*earlier_trips(6, status=status), near]) == []


@pytest.mark.parametrize("status", [TripStatus.PENDING, TripStatus.OK, TripStatus.FRAUD])
def test_other_statuses_do_count(status: TripStatus) -> None:
    assert codes(arrival_labels(trip(), earlier_trips(4, status=status))) == [
        "too_many_trips_by_day"
    ]


def test_a_day_is_local_not_that_of_utc() -> None:
    after_midnight = datetime(2026, 7, 11, 0, 30, tzinfo=PARIS)
    before = [
        trip(f"t{n}", start=after_midnight - timedelta(hours=1 + n), passenger=f"p{n}", minutes=3)
        for n in range(4)
    ]
    one = trip(start=after_midnight)

    assert arrival_labels(one, before) == []
    assert codes(arrival_labels(one, before, zone=ZoneInfo("UTC"))) == ["too_many_trips_by_day"]


@pytest.mark.parametrize(
    ("start", "minutes", "is_close"),
    [
        (START - 50 * MINUTE - SECOND, 20, False),
        (START - 50 * MINUTE, 20, True),
        (START - 50 * MINUTE + SECOND, 20, True),
        (START + 50 * MINUTE - SECOND, 20, True),
        (START + 50 * MINUTE, 20, True),
        (START + 50 * MINUTE + SECOND, 20, False),
        (START - 5 * MINUTE, 10, True),
        (START + 5 * MINUTE, 5, True),
        (START - 60 * MINUTE, 180, True),
    ],
    ids=["before out", "before at", "before in", "after in", "after at", "after out",
         "overlaps", "inside ours", "contains ours"],
)  # fmt: skip
def test_too_close_up_to_thirty_minutes_and_when_one_contains_the_other(
    start: datetime, minutes: float, is_close: bool
) -> None:
    other = trip("other", start=start, minutes=minutes)

    assert ("too_close_trips" in codes(arrival_labels(trip(), [other]))) is is_close


def test_too_close_is_about_the_same_pair_in_either_role_and_one_operator() -> None:
    near = trip("near", start=START + 30 * MINUTE)

    swapped = replace(near, driver="paul", passenger="dora")
    other_passenger = replace(near, passenger="pia")
    other_operator = replace(near, operator="op2")

    assert codes(arrival_labels(trip(), [swapped])) == ["too_close_trips"]
    assert arrival_labels(trip(), [other_passenger, other_operator]) == []


@pytest.mark.parametrize(
    ("changes", "is_anomaly"),
    [
        ({"distance_m": 299}, True),
        ({"distance_m": 300}, False),
        ({"route_distance_m": 299, "distance_m": 1_000}, True),
        ({"route_distance_m": 300, "distance_m": 1_000}, False),
        ({"minutes": 59 / 60}, True),
        ({"minutes": 1.0}, False),
        ({"route_duration_s": 59, "minutes": 5.0}, True),
        ({"route_duration_s": 60, "minutes": 5.0}, False),
        ({"route_duration_s": 3_000}, False),
        ({"route_duration_s": 3_001}, True),
        ({"route_duration_s": 172, "minutes": 20.0}, False),
        ({"route_duration_s": 171, "minutes": 20.0}, True),
        ({"route_distance_m": 30_000}, False),
        ({"route_distance_m": 30_001}, True),
        ({"route_distance_m": 3_000}, False),
        ({"route_distance_m": 2_999}, True),
    ],
)
def test_distance_and_duration_against_the_road(changes: Any, is_anomaly: bool) -> None:
    assert bool(plausibility_labels(trip(**changes))) is is_anomaly


@pytest.mark.parametrize(
    ("shared_minutes", "is_anomaly"), [(13.9, False), (14.0, False), (14.1, True), (20.0, True)]
)
def test_overlap_beyond_seventy_percent_keeps_the_first(
    shared_minutes: float, is_anomaly: bool
) -> None:
    first = trip("first", passenger="pia")
    second = trip("second", start=START + (20 - shared_minutes) * MINUTE)

    labels = overlap_labels([second, first])

    assert [label.trip_id for label in labels] == (["second"] if is_anomaly else [])


def test_a_short_trip_inside_a_long_one_overlaps() -> None:
    long = trip("long", minutes=120, passenger="pia")
    inside = trip("inside", start=START + 30 * MINUTE, minutes=10)

    assert overlap_labels([long, inside])[0].because_of == ("long",)


@pytest.mark.parametrize(("seconds", "is_found"), [(20, False), (21, True)])
def test_overlap_of_up_to_twenty_seconds_is_clock_error(seconds: float, is_found: bool) -> None:
    first = trip("first", minutes=0.4, passenger="pia")
    second = trip("second", start=first.ended_at - seconds * SECOND, minutes=0.4)

    assert bool(overlap_labels([first, second])) is is_found


def test_one_car_with_two_passengers_is_no_overlap() -> None:
    assert overlap_labels([trip("ride"), trip("ride", passenger="pia")]) == []


def test_same_pair_at_two_operators_at_once_is_found_and_a_driver_with_two_passengers_is_not() -> (
    None
):
    first = trip("a")
    again = trip("b", operator="op2", start=START + MINUTE)
    other = trip("c", operator="op2", passenger="pia", start=START + MINUTE)

    assert codes(between_operator_labels([first, again])) == ["interoperator_overlap_trip"]
    assert between_operator_labels([first, other]) == []


@pytest.mark.parametrize(
    ("gap", "is_close"),
    [(timedelta(0), False), (SECOND, True), (30 * MINUTE, True), (30 * MINUTE + SECOND, False)],
)
def test_same_pair_soon_after_at_another_operator(gap: timedelta, is_close: bool) -> None:
    first = trip("a")
    again = trip("b", operator="op2", start=first.ended_at + gap)

    assert bool(between_operator_labels([first, again])) is is_close


@pytest.mark.parametrize(("count", "is_too_many"), [(4, False), (5, True)])
def test_more_than_four_trips_a_day_over_operators_keeps_the_first_four(
    count: int, is_too_many: bool
) -> None:
    trips = [
        trip(
            f"t{n}", start=START + n * timedelta(hours=1), passenger=f"p{n}", operator=f"op{n % 2}"
        )
        for n in range(count)
    ]

    found = [one.trip_id for one in between_operator_labels(trips)]

    assert found == (["t4"] if is_too_many else [])


def test_five_trips_at_one_operator_are_no_matter_between_operators() -> None:
    trips = [
        trip(f"t{n}", start=START + n * timedelta(hours=1), passenger=f"p{n}") for n in range(5)
    ]

    assert between_operator_labels(trips) == []


def test_code_is_right_this_minute_and_the_next_and_never_for_another_ride() -> None:
    code = pairing_code(b"key", "ride", 6_000.0)

    assert is_code_right(b"key", "ride", code, at_t=6_059.9)
    assert is_code_right(b"key", "ride", code, at_t=6_119.9)
    assert not is_code_right(b"key", "ride", code, at_t=6_120.0)
    assert not is_code_right(b"key", "other", code, at_t=6_000.0)
    assert len(code) == 6


def test_two_phones_of_one_ride_are_together_and_other_ones_are_not() -> None:
    one, other = clean(real(BIKE)).trace, clean(real(BIKE_OTHER_PHONE)).trace

    assert co_presence(one, other).is_together
    assert not co_presence(one, later(other, 3_600)).is_together
    assert not co_presence(one, clean(real(CAR)).trace).is_together


def test_durations_are_real_time_in_the_night_when_clocks_change() -> None:
    start = datetime(2026, 3, 29, 1, 50, tzinfo=PARIS)
    one = replace(trip(), started_at=start, ended_at=datetime(2026, 3, 29, 3, 10, tzinfo=PARIS))

    assert one.duration_s == 20 * 60


def test_refuses_times_without_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        trip(start=datetime(2026, 7, 11))  # noqa: DTZ001
