"""Trips from the door to points: once, at the level that they prove, forgotten in time."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.db.engine import Database
from backend.mobility.emissions.factors import default_factors
from backend.review import queries as review_queries
from backend.trips import service as trips
from backend.trips.errors import (
    TripAlreadyKnownError,
    TripKeyReusedError,
    TripLateError,
    TripTooManyError,
)
from backend.trips.models import EmissionFactorRow, Trip
from backend.trips.rules import KEEP_PATH, KEEP_SHAPE, LATE_AFTER, TripSource
from backend.workflows import emission_table, judge_trip, merge_accounts, review_claim
from tests.support import builders, rides, travel
from tests.support.clock import FrozenClock

TRIP_UNITS = 20
"""What amp-2026-1 pays for a trip followed by the phone."""


@pytest.fixture
def city(database: Database, clock: FrozenClock) -> Database:
    """A database in which the first edition is in force."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    with database.transaction() as session:
        emission_table.seed(session)
    return database


def test_a_recorded_ride_earns_what_a_trace_alone_may(city: Database, clock: FrozenClock) -> None:
    trip, outcome = travel.travel(city, clock, "alice", ended_at=clock.now())

    assert (outcome.public_id, outcome.state, outcome.units) == (
        trip.id,
        ClaimState.ACCEPTED,
        TRIP_UNITS,
    )
    verdict = travel.verdict(city, trip.id)
    assert (verdict.level, verdict.act["mode"]) == ("P1", "bike")
    assert verdict.act["distance_m"] == trip.finding["legs"][0]["distance_m"] > 3_000
    assert [factor["id"] for factor in trip.finding["factors"]] == [
        "car.thermal.solo@2026-07-01",
        "bike.electric@2026-07-01",
    ]
    # (142.25 - 10.95) g/km over the proved distance.
    assert trip.finding["co2_avoided_g"] == int(131.30 * verdict.act["distance_m"] / 1000)


def test_the_points_are_gone_after_the_verdict_and_the_ends_never_stay(
    city: Database, clock: FrozenClock
) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())

    trip, _ = travel.travel(city, clock, "alice", ended_at=clock.now())

    assert trip.points is None
    shown = [place for part in trip.path for place in part["points"]]
    assert len(shown) > 20
    for end in (points[0], points[-1]):
        nearest_e6 = min(
            (lat - end[1] * 1e6) ** 2 + ((lon - end[2] * 1e6) * 0.73) ** 2 for lat, lon in shown
        )
        assert nearest_e6**0.5 * 0.111 > 190, "a front door is on the map"


def test_a_map_is_forgotten_after_a_month_and_a_fingerprint_after_400_days(
    city: Database, clock: FrozenClock
) -> None:
    trip, _ = travel.travel(city, clock, "alice", ended_at=clock.now())

    def after(days: timedelta) -> Trip:
        with city.transaction() as session:
            trips.forget(session, trip.received_at + days)
        return travel.kept(city, trip.id)

    assert after(KEEP_PATH).path
    month = after(KEEP_PATH + timedelta(seconds=1))
    assert (month.path, month.start_cell, month.end_cell) == ([], None, None)
    assert month.shape is not None
    assert after(KEEP_SHAPE + timedelta(seconds=1)).shape is None
    assert travel.kept(city, trip.id).finding["distance_m"] > 3_000


def test_the_same_key_is_the_same_trip(city: Database, clock: FrozenClock) -> None:
    body = rides.ride(ended_at=clock.now())

    first = travel.hand_in(city, clock, "alice", body)
    again = travel.hand_in(city, clock, "alice", body)

    assert first.id == again.id
    with pytest.raises(TripKeyReusedError):
        travel.hand_in(city, clock, "alice", rides.ride(ended_at=clock.now(), shift_s=-60))


def test_one_recording_is_one_trip_for_everybody_in_any_format(
    city: Database, clock: FrozenClock
) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())
    first = travel.hand_in(city, clock, "alice", json.dumps({"points": points}).encode())
    line = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[p[2], p[1]] for p in points]},
        "properties": {"times": [p[0] for p in points]},
    }

    again = travel.hand_in(city, clock, "alice", json.dumps(line).encode(), key="key-00002")

    assert again.id == first.id
    with pytest.raises(TripAlreadyKnownError):
        travel.hand_in(city, clock, "bob", json.dumps(line).encode(), key="key-00003")


@pytest.mark.parametrize(("beyond", "is_late"), [(0, False), (1, True)])
def test_a_trip_comes_within_48_hours(
    city: Database, clock: FrozenClock, beyond: int, is_late: bool
) -> None:
    body = rides.ride(ended_at=clock.now() - LATE_AFTER - timedelta(seconds=beyond))

    if is_late:
        with pytest.raises(TripLateError):
            travel.hand_in(city, clock, "alice", body)
    else:
        assert travel.hand_in(city, clock, "alice", body).state == "received"


def test_an_account_stores_no_more_trips_than_a_day_holds(
    city: Database, clock: FrozenClock
) -> None:
    for n in range(trips.MAX_TRIPS_A_DAY):
        body = rides.ride(ended_at=clock.now(), shift_s=-60 * n)
        travel.hand_in(city, clock, "alice", body, key=f"key-{n:05}")

    with pytest.raises(TripTooManyError):
        travel.hand_in(
            city, clock, "alice", rides.ride(ended_at=clock.now(), shift_s=-1), key="key-99999"
        )
    clock.advance(hours=25)
    again = rides.ride(ended_at=clock.now())
    assert travel.hand_in(city, clock, "alice", again, key="key-99999").state == "received"


def test_a_car_ride_counts_in_statistics_and_earns_nothing(
    city: Database, clock: FrozenClock
) -> None:
    trip, outcome = travel.travel(city, clock, "alice", ended_at=clock.now(), name=rides.CAR)

    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, 0)
    assert travel.verdict(city, trip.id).level == "P0"
    assert (trip.finding["co2_avoided_g"], trip.finding["factors"]) == (0, [])


Change = Callable[[list[rides.Row]], list[rides.Row]]


def _later(points: list[rides.Row]) -> list[rides.Row]:
    return [[p[0] + 7_200, *p[1:]] for p in points]


def _moved(points: list[rides.Row]) -> list[rides.Row]:
    return [[p[0] + 7_200, p[1] + 0.02, p[2] + 0.03, *p[3:]] for p in points]


def _reversed(points: list[rides.Row]) -> list[rides.Row]:
    first, last = points[0][0], points[-1][0]
    return [[first + last - p[0] + 7_200, *p[1:]] for p in points[::-1]]


@pytest.mark.parametrize("change", [_later, _moved, _reversed])
@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_ride_that_was_handed_in_before_is_held_from_anybody(
    city: Database, clock: FrozenClock, change: Change, who: str
) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())
    travel.travel(city, clock, "alice", ended_at=clock.now())
    clock.advance(hours=3)

    body = json.dumps({"points": change(points)}).encode()
    trip, outcome = travel.travel(
        city, clock, who, ended_at=clock.now(), body=body, key="key-00002"
    )

    assert (outcome.state, outcome.units) == (ClaimState.REVIEW, 0)
    assert "same_movement" in trip.finding["signs"]


def test_a_held_trip_is_paid_once_a_person_believes_it(city: Database, clock: FrozenClock) -> None:
    points = rides.rows(rides.BIKE, ended_at=clock.now())
    travel.travel(city, clock, "alice", ended_at=clock.now())
    clock.advance(hours=3)
    body = json.dumps({"points": _later(points)}).encode()
    trip, _ = travel.travel(city, clock, "alice", ended_at=clock.now(), body=body, key="key-00002")

    with city.transaction() as session:
        review_claim.decide_case(
            session,
            trip.id,
            is_accepted=True,
            reviewer_id="reviewer",
            reason_code="plausible",
            now=clock.now(),
        )
    outcome = travel.decide(city, clock)

    assert (outcome.state, outcome.units) == (ClaimState.ACCEPTED, TRIP_UNITS)


@pytest.mark.parametrize(
    ("shared_s", "state", "signs"),
    [
        # The walk lasts 869 s: seven tenths of it are 608.
        (610, ClaimState.REFUSED, ["overlap"]),
        # Doubtful: a person looks.
        (606, ClaimState.REVIEW, ["several_at_once"]),
        (21, ClaimState.REVIEW, ["several_at_once"]),
        (19, ClaimState.ACCEPTED, []),
    ],
)
def test_two_trips_of_one_person_at_once_are_one_or_doubtful(
    city: Database, clock: FrozenClock, shared_s: int, state: ClaimState, signs: list[str]
) -> None:
    ride, _ = travel.travel(city, clock, "alice", ended_at=clock.now())

    walk = rides.walk(ended_at=ride.started_at + timedelta(seconds=shared_s))
    trip, outcome = travel.travel(
        city, clock, "alice", ended_at=clock.now(), body=walk, key="key-00002"
    )

    assert (outcome.state, trip.finding["signs"]) == (state, signs)


def test_a_person_does_not_cross_the_country_between_two_trips(
    city: Database, clock: FrozenClock
) -> None:
    travel.travel(city, clock, "alice", ended_at=clock.now())
    clock.advance(hours=1)
    far = rides.ride(rides.BIKE, ended_at=clock.now(), start=(48.85, 2.35))

    trip, outcome = travel.travel(
        city, clock, "alice", ended_at=clock.now(), body=far, key="key-00002"
    )

    assert outcome.state == ClaimState.REVIEW
    assert "teleport_between_trips" in trip.finding["signs"]


def test_a_refused_recording_does_not_keep_the_true_one_out(
    city: Database, clock: FrozenClock
) -> None:
    still = [[clock.now().timestamp() - 60 * n, 43.3, 5.37, 8] for n in range(20)][::-1]
    body = json.dumps({"points": still}).encode()
    trip, outcome = travel.travel(city, clock, "alice", ended_at=clock.now(), body=body)
    assert (outcome.state, trip.finding["verdict"]) == (ClaimState.REFUSED, "refused")

    _, outcome = travel.travel(city, clock, "alice", ended_at=clock.now(), key="key-00002")

    assert outcome.state == ClaimState.ACCEPTED


def test_a_trace_that_breaks_the_computation_goes_to_a_person(
    city: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    travel.hand_in(city, clock, "alice", rides.ride(ended_at=clock.now()))
    with monkeypatch.context() as patch:
        patch.setattr("backend.workflows.judge_trip.examine_trace", crash)
        travel.judge(city, clock)

    outcome = travel.decide(city, clock)

    assert outcome.state == ClaimState.REVIEW
    with city.reading() as session:
        assert [case.claim_public_id for case in review_queries.open_cases(session)] == [
            outcome.public_id
        ]


def test_a_trip_is_judged_once_by_two_runners(city: Database, clock: FrozenClock) -> None:
    travel.hand_in(city, clock, "alice", rides.ride(ended_at=clock.now()))
    with city.reading() as session:
        both = [judge_trip.prepare(session), judge_trip.prepare(session)]

    done = []
    for prepared in both:
        assert prepared is not None
        examined = judge_trip.examine(prepared)
        with city.transaction() as session:
            done.append(judge_trip.conclude(session, examined, now=clock.now()))

    assert done == [True, False]
    with city.reading() as session:
        assert len(session.exec(select(Claim)).all()) == 1


def test_a_ride_that_a_partner_signed_is_attested(city: Database, clock: FrozenClock) -> None:
    operator = builders.make_operator(city, clock)
    body = rides.ride(ended_at=clock.now())
    trip = travel.hand_in(
        city, clock, "alice", body, source=TripSource.PARTNER, operator=operator.number
    )
    travel.judge(city, clock)

    outcome = travel.decide(city, clock)

    assert travel.verdict(city, trip.id).level == "P2"
    distance_m = trip_distance_m(city, trip.id)
    assert outcome.units == 25 * distance_m // 1000, "as an attested bike trip"


def test_trips_follow_a_merged_account(city: Database, clock: FrozenClock) -> None:
    trip, _ = travel.travel(city, clock, "phone", ended_at=clock.now())
    travel.hand_in(city, clock, "alice", rides.ride(ended_at=clock.now(), shift_s=-5_000))

    with city.transaction() as session:
        merge_accounts.merge(session, source_id="phone", target_id="alice", now=clock.now())

    assert travel.kept(city, trip.id).account_id == "alice"


def test_the_table_of_factors_holds_what_ships_and_is_never_overwritten(city: Database) -> None:
    with city.transaction() as session:
        assert emission_table.seed(session) == 0
        car = session.exec(
            select(EmissionFactorRow).where(EmissionFactorRow.code == "car.thermal.solo")
        ).one()
        glass = session.exec(
            select(EmissionFactorRow).where(EmissionFactorRow.code == "waste.glass.recycling")
        ).one()

    assert (car.value, car.unit, car.edition, car.licence) == (
        142_250,
        "g/vkm",
        "2026-07-01",
        "MIT",
    )
    assert glass.kind == "impact", "a gross impact must not be shown as avoided"
    with city.reading() as session:
        assert emission_table.factors_of(session) == default_factors()


def trip_distance_m(database: Database, trip_id: str) -> int:
    """Return the distance that the verdict paid for."""
    distance_m: int = travel.verdict(database, trip_id).act["distance_m"]
    return distance_m
