"""Two recordings of one car: where they keep together, and what speaks against them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from backend.mobility.carpool.together import (
    ONE_PHONE_M,
    Together,
    ride_labels,
    stretch_together,
)
from backend.mobility.geometry import EARTH_RADIUS_M
from backend.mobility.parsing import parse_trace
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.trace import Trace
from tests.support import rides

ENDED = datetime(2026, 11, 23, 9, tzinfo=UTC)
DEGREE_M = np.pi / 180 * EARTH_RADIUS_M


def car() -> Trace:
    body = json.dumps({"points": rides.rows(rides.CAR, ended_at=ENDED)}).encode()
    return clean(parse_trace(body, now_t=None, area=None)).trace


def beside(trace: Trace, *, off_m: float) -> Trace:
    """Return another phone's view: other instants, places off by so much on average."""
    rng = np.random.default_rng(7)
    north = off_m * rng.normal(0, 1, len(trace)) / DEGREE_M
    t = trace.t + 0.4
    lat, lon = np.interp(t, trace.t, trace.lat), np.interp(t, trace.t, trace.lon)
    return replace(trace, t=t, lat=lat + north, lon=lon)


def legs(mode: str, shared: Together, **more: str) -> list[dict[str, str]]:
    start, end = (
        datetime.fromtimestamp(t, UTC).isoformat() for t in (shared.start_t, shared.end_t)
    )
    return [{"mode": mode, "started_at": start, "ended_at": end, **more}]


def shared(**changes: float) -> Together:
    return replace(Together(0.0, 600.0, 1.0, 10.0, 5_000), **changes)  # type: ignore[arg-type]


def test_two_phones_in_one_car_are_together_all_the_way() -> None:
    driver = car()

    found = stretch_together(driver, beside(driver, off_m=15.0))

    assert found is not None
    assert found.end_t - found.start_t > 0.95 * (driver.t[-1] - driver.t[0])
    assert found.near_share > 0.99
    assert 5 < found.apart_m < 25
    assert found.distance_m > 2_000


def test_only_the_stretch_together_counts() -> None:
    driver = car()
    whole = stretch_together(driver, driver)
    assert whole is not None
    middle_t = (driver.t[0] + driver.t[-1]) / 2
    passenger = beside(driver, off_m=10.0)
    # The passenger got out half-way and walked off; the driver went on.
    stays = passenger.t > middle_t
    last = int(np.flatnonzero(~stays)[-1])
    lat, lon = passenger.lat.copy(), passenger.lon.copy()
    lat[stays], lon[stays] = lat[last], lon[last]
    passenger = replace(passenger, lat=lat, lon=lon)

    found = stretch_together(driver, passenger)

    assert found is not None
    assert found.start_t - driver.t[0] < 30
    assert -30 < found.end_t - middle_t < 240
    assert found.distance_m < 0.8 * whole.distance_m


def test_people_who_never_meet_are_not_together() -> None:
    driver = car()
    elsewhere = replace(driver, lat=driver.lat + 0.01)

    assert stretch_together(driver, elsewhere) is None
    assert stretch_together(driver, replace(driver, t=driver.t + 86_400)) is None
    assert [one.code for one in ride_labels("r", None, [])] == ["not_together"]


def test_a_copied_recording_is_one_phone() -> None:
    driver = car()

    found = stretch_together(driver, beside(driver, off_m=0.3))

    assert found is not None
    assert found.apart_m < ONE_PHONE_M
    labels = ride_labels("r", found, [legs("car", found), legs("car", found)])
    assert [one.code for one in labels] == ["one_recording"]


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"near_share": 0.8}, []),
        ({"near_share": 0.79}, ["not_together"]),
        ({"apart_m": ONE_PHONE_M}, []),
        ({"apart_m": ONE_PHONE_M - 0.01}, ["one_recording"]),
        ({"distance_m": 2_000}, []),
        ({"distance_m": 1_999}, ["distance_too_short"]),
    ],
)
def test_each_bound_counts_from_just_beyond_it(changes: dict[str, float], codes: list[str]) -> None:
    one = shared(**changes)

    assert [label.code for label in ride_labels("r", one, [legs("car", one)] * 2)] == codes


def test_a_walk_or_a_ride_on_a_bike_is_no_car() -> None:
    one = shared()

    [label] = ride_labels("r", one, [legs("car", one), legs("bike", one)])

    assert label.code == "not_a_car"


def test_two_phones_in_a_bus_are_found_by_its_timetable() -> None:
    one = shared()

    [label] = ride_labels("r", one, [legs("bus", one, line="B2"), legs("car", one)])

    assert (label.code, label.because_of) == ("follows_transit_line", ("B2",))
