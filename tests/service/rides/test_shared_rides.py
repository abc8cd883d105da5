"""Shared rides from the code to both people's points: only when both witness."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from sqlmodel import select

from backend.actions import service as actions
from backend.actions.models import Claim, Verdict
from backend.actions.rules import Evidence, Fact
from backend.db.engine import Database
from backend.kernel.ids import new_id
from backend.mobility.carpool.together import Together, stretch_together
from backend.mobility.storing import unpack
from backend.mobility.trace import Trace, make_trace
from backend.rides import queries, service
from backend.rides.errors import (
    RideCodeWrongError,
    RideFullError,
    RideOwnError,
    RideTooManyError,
)
from backend.rides.models import SharedRide, SharedSeat
from backend.rides.rules import (
    OPEN_FOR,
    RIDES_A_DAY,
    SEATS,
    WAIT_FOR_RECORDINGS,
    WRONG_CODES,
    SeatState,
)
from backend.trips.models import Trip
from backend.workflows import emission_table, judge_trip, shared_rides
from backend.workflows.decide_claim import decide_next
from tests.support import builders, rides, travel
from tests.support.clock import FrozenClock

LOCATED_UNITS = 20
METRES_OFF = 12


@dataclass
class Town:
    """A database with an edition, and the clock that it goes by."""

    database: Database
    clock: FrozenClock

    def open(self, driver: str = "dora") -> SharedRide:
        with self.database.transaction() as session:
            return service.open_ride(session, driver, at=self.clock.now())

    def board(
        self, ride: SharedRide, passenger: str = "paul", *, code: str | None = None
    ) -> SharedSeat | RideCodeWrongError:
        shown = code or shared_rides.code_of(ride, self.clock.now())
        with self.database.transaction() as session:
            return shared_rides.board(
                session,
                word=ride.word.lower(),
                code=shown,
                passenger_id=passenger,
                now=self.clock.now(),
            )

    def send(self, person: str, points: list[rides.Row], key: str = "key-00001") -> Trip:
        body = json.dumps({"points": points}).encode()
        trip = travel.hand_in(self.database, self.clock, person, body, key=key)
        with self.database.reading() as session:
            prepared = judge_trip.prepare(session)
        assert prepared is not None
        examined = judge_trip.examine(prepared)
        with self.database.transaction() as session:
            judge_trip.conclude(session, examined, now=self.clock.now())
            shared_rides.hand_over(session, prepared.trip, prepared.trace)
        return travel.kept(self.database, trip.id)

    def compare(self) -> SharedSeat | None:
        with self.database.transaction() as session:
            return shared_rides.decide_next(session, now=self.clock.now())

    def seat(self, seat_id: str) -> SharedSeat:
        with self.database.reading() as session:
            return session.get_one(SharedSeat, seat_id)

    def claims(self) -> list[Claim]:
        with self.database.reading() as session:
            rows = session.exec(select(Claim).where(Claim.kind == "shared_ride")).all()
            return sorted(rows, key=lambda claim: claim.account_id)

    def decide_all(self) -> dict[str, tuple[str, int]]:
        outcomes: dict[str, tuple[str, int]] = {}
        while True:
            with self.database.transaction() as session:
                outcome = decide_next(session, region=builders.REGION, now=self.clock.now())
            if outcome is None:
                return outcomes
            outcomes[outcome.public_id] = (outcome.state.value, outcome.units)


@pytest.fixture
def town(database: Database, clock: FrozenClock) -> Town:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    with database.transaction() as session:
        emission_table.seed(session)
    return Town(database, clock)


def car(ended_at: datetime) -> list[rides.Row]:
    return rides.rows(rides.CAR, ended_at=ended_at)


def beside(points: list[rides.Row], seed: int = 3, off_m: float = METRES_OFF) -> list[rides.Row]:
    """Return what a second phone in the same car recorded: it errs by itself, and slowly."""
    rng = np.random.default_rng(seed)
    t = np.array([point[0] for point in points])
    knots = np.arange(t[0] - 60, t[-1] + 120, 40.0)
    north, east = (np.interp(t, knots, rng.normal(0, off_m, len(knots))) for _ in range(2))
    return [
        [point[0] + 0.5, point[1] + n / 111_195, point[2] + e / 81_000, *point[3:]]
        for point, n, e in zip(points, north, east, strict=True)
    ]


def drive_together(town: Town, driver: str = "dora", passenger: str = "paul") -> SharedSeat:
    start = town.clock.now()
    ride = town.open(driver)
    seat = town.board(ride, passenger)
    assert isinstance(seat, SharedSeat)
    points = car(start)
    length = timedelta(seconds=points[-1][0] - points[0][0])
    town.clock.set(start + length + timedelta(minutes=1))
    points = car(start + length + timedelta(seconds=30))
    key = f"key-{start.timestamp():.0f}"
    town.send(driver, points, key=key)
    town.send(passenger, beside(points), key=key)
    return seat


def test_both_are_paid_when_both_recorded_the_ride(town: Town) -> None:
    seat = drive_together(town)

    decided = town.compare()

    assert decided is not None
    assert (decided.id, decided.state, decided.labels) == (seat.id, "proved", [])
    assert [(claim.account_id, claim.evidence["facts"]["role"]) for claim in town.claims()] == [
        ("dora", "driver"),
        ("paul", "passenger"),
    ]
    outcomes = town.decide_all()
    for claim in town.claims():
        assert outcomes[claim.public_id] == ("accepted", LOCATED_UNITS)
        verdict = travel.verdict(town.database, claim.public_id)
        assert (verdict.level, verdict.act["mode"]) == ("P1", "carpool")
        assert verdict.act["distance_m"] == decided.distance_m
        assert (decided.distance_m or 0) > 2_000


def test_the_tracks_are_gone_once_the_ride_is_decided(town: Town) -> None:
    seat = drive_together(town)
    held = town.seat(seat.id)
    assert held.driver_track
    assert len(unpack("x", held.driver_track)) > 20

    town.compare()

    kept = town.seat(seat.id)
    assert (kept.driver_track, kept.passenger_track) == (None, None)


def test_the_second_phone_of_a_car_is_no_copy_of_the_first(town: Town) -> None:
    drive_together(town)

    with town.database.reading() as session:
        trips = session.exec(select(Trip)).all()

    assert [(trip.finding["verdict"], trip.finding["signs"]) for trip in trips] == [
        ("accepted", []),
        ("accepted", []),
    ]


def test_without_a_code_the_second_phone_is_taken_for_a_copy(town: Town) -> None:
    points = car(town.clock.now())
    town.send("dora", points)

    second = town.send("paul", beside(points))

    assert "same_movement" in second.finding["signs"]


def test_one_recording_earns_nobody_anything(town: Town) -> None:
    ride = town.open()
    seat = town.board(ride)
    assert isinstance(seat, SharedSeat)
    town.clock.advance(minutes=11)
    town.send("dora", car(town.clock.now()))

    assert town.compare() is None
    town.clock.set(town.clock.now() + WAIT_FOR_RECORDINGS + OPEN_FOR)
    with town.database.transaction() as session:
        assert shared_rides.give_up(session, now=town.clock.now()) == 1

    lost = town.seat(seat.id)
    assert (lost.state, lost.driver_track) == ("refused", None)
    assert lost.labels == [{"code": "recording_missing", "because_of": ["passenger"]}]
    assert town.claims() == []


def test_two_people_in_different_places_rode_not_together(town: Town) -> None:
    ride = town.open()
    seat = town.board(ride)
    assert isinstance(seat, SharedSeat)
    town.clock.advance(minutes=11)
    points = car(town.clock.now())
    town.send("dora", points)
    town.send("paul", rides.rows(rides.CAR, ended_at=town.clock.now(), start=(43.40, 5.50)))

    decided = town.compare()

    assert decided is not None
    assert decided.labels[0]["code"] in ("not_together", "recording_doubtful")
    assert town.claims() == []


def test_a_copied_recording_is_found(town: Town) -> None:
    ride = town.open()
    town.board(ride)
    town.clock.advance(minutes=11)
    points = car(town.clock.now())
    town.send("dora", points)
    town.send("paul", beside(points, off_m=0.4))

    decided = town.compare()

    assert decided is not None
    assert [label["code"] for label in decided.labels] == ["one_recording"]


def test_the_same_pair_within_half_an_hour_is_too_close(town: Town) -> None:
    drive_together(town)
    assert town.compare().state == "proved"  # type: ignore[union-attr]  # it is complete
    with town.database.transaction() as session:
        [first] = queries.of_account(session, "paul")
        # What is kept of the first ride, moved: the second one ends 29 minutes before it starts.
        assert first.started_at is not None
        assert first.ended_at is not None
        second = SharedSeat(
            ride_id=service.open_ride(session, "dora", at=town.clock.now()).id,
            driver_id="dora",
            passenger_id="paul",
            joined_at=first.started_at,
            labels=[],
        )
        shared = stretch_together(*_tracks(first.ended_at))
        assert shared is not None
        late_s = first.ended_at.timestamp() + 29 * 60 - shared.start_t
        moved = _moved(shared, late_s)
        near = shared_rides._labels(session, second, [], moved, town.clock.now())
        far = shared_rides._labels(session, second, [], _moved(moved, 61), town.clock.now())

    assert "too_close_trips" in [label.code for label in near]
    assert "too_close_trips" not in [label.code for label in far]


def test_a_ticket_of_the_same_time_is_paid_once(town: Town) -> None:
    start = town.clock.now()
    points = car(start)
    ticket_ends = start + timedelta(seconds=points[-1][0] - points[0][0])
    _ticket(town, "paul", start, ticket_ends)

    drive_together(town)
    decided = town.compare()

    assert decided is not None
    assert [label["code"] for label in decided.labels] == ["paid_elsewhere"]


def test_a_ticket_that_comes_after_a_proved_ride_goes_to_a_person(town: Town) -> None:
    drive_together(town)
    decided = town.compare()
    assert decided is not None
    assert decided.started_at is not None
    assert decided.ended_at is not None
    town.decide_all()
    _ticket(town, "paul", decided.started_at, decided.ended_at)

    [(state, units)] = town.decide_all().values()

    assert (state, units) == ("review", 0)


def known_ride(town: Town, driver: str, passenger: str, at: datetime) -> None:
    with town.database.transaction() as session:
        ride = SharedRide(driver_id=driver, word=new_id()[-6:], key_hex="00" * 32, opened_at=at)
        session.add(ride)
        session.flush()
        session.add(
            SharedSeat(
                ride_id=ride.id,
                driver_id=driver,
                passenger_id=passenger,
                joined_at=at,
                state=SeatState.PROVED,
                labels=[],
                started_at=at,
                ended_at=at + timedelta(minutes=20),
                distance_m=9_000,
                decided_at=at + timedelta(hours=1),
            )
        )


def doubts(town: Town) -> set[str]:
    with town.database.reading() as session:
        verdicts = session.exec(select(Verdict)).all()
        return {reason["code"] for verdict in verdicts for reason in verdict.reasons}


@pytest.mark.parametrize(("days", "state"), [(2, "accepted"), (3, "review")])
def test_a_pair_that_makes_a_habit_of_driving_each_other_in_turns_is_looked_at(
    town: Town, days: int, state: str
) -> None:
    for number in range(days):
        morning = town.clock.now() - timedelta(days=3 + number)
        known_ride(town, "dora", "paul", morning)
        known_ride(town, "paul", "dora", morning + timedelta(hours=2))
    drive_together(town)
    town.compare()

    town.decide_all()

    assert [claim.state for claim in town.claims()] == [state, state]
    assert ("rides_in_turns" in doubts(town)) is (state == "review")


@pytest.mark.parametrize(("days_ago", "state"), [(2, "review"), (32, "accepted")])
def test_a_closed_group_that_swapped_roles_of_late_is_looked_at(
    town: Town, days_ago: int, state: str
) -> None:
    morning = town.clock.now() - timedelta(days=days_ago)
    known_ride(town, "paul", "rita", morning)
    known_ride(town, "rita", "paul", morning + timedelta(hours=2))
    drive_together(town)
    town.compare()

    town.decide_all()

    assert [claim.state for claim in town.claims()] == [state, state]
    assert ("rides_in_a_ring" in doubts(town)) is (state == "review")


def test_a_driver_who_takes_many_neighbours_along_is_no_ring(town: Town) -> None:
    for number in range(4):
        at = town.clock.now() - timedelta(days=2 + number)
        known_ride(town, "dora", f"neighbour-{number}", at)
    drive_together(town)
    town.compare()

    town.decide_all()

    assert [claim.state for claim in town.claims()] == ["accepted", "accepted"]


def test_a_circle_ends_where_nobody_is_tied_to_it(town: Town) -> None:
    at = town.clock.now()
    for driver, passenger in (("dora", "paul"), ("paul", "rita"), ("zoe", "yann")):
        known_ride(town, driver, passenger, at)

    with town.database.reading() as session:
        seats = queries.circle(session, "rita", since=at - timedelta(days=1))
        older = queries.circle(session, "rita", since=at + timedelta(seconds=1))

    assert {(seat.driver_id, seat.passenger_id) for seat in seats} == {
        ("dora", "paul"),
        ("paul", "rita"),
    }
    assert list(older) == []


def test_a_code_is_good_for_its_minute_and_the_next(town: Town) -> None:
    ride = town.open()
    shown = shared_rides.code_of(ride, town.clock.now())

    town.clock.advance(seconds=59)
    assert isinstance(town.board(ride, code=shown), SharedSeat)
    town.clock.advance(minutes=2)
    assert isinstance(town.board(ride, "petra", code=shown), RideCodeWrongError)


def test_guessing_closes_a_ride(town: Town) -> None:
    ride = town.open()
    right = shared_rides.code_of(ride, town.clock.now())
    wrong = f"{(int(right) + 500_000) % 1_000_000:06d}"
    for _ in range(WRONG_CODES):
        assert isinstance(town.board(ride, code=wrong), RideCodeWrongError)

    assert isinstance(town.board(ride), RideCodeWrongError)


def test_nobody_is_their_own_passenger_and_a_car_has_so_many_seats(town: Town) -> None:
    ride = town.open()
    with pytest.raises(RideOwnError):
        town.board(ride, "dora")
    first = town.board(ride, "p0")
    again = town.board(ride, "p0")
    assert isinstance(first, SharedSeat)
    assert isinstance(again, SharedSeat)
    assert first.id == again.id
    for number in range(1, SEATS):
        town.board(ride, f"p{number}")
    with pytest.raises(RideFullError):
        town.board(ride, "one-more")


def test_a_ride_is_over_after_three_hours_and_a_day_has_so_many(town: Town) -> None:
    ride = town.open()
    town.clock.set(town.clock.now() + OPEN_FOR)
    assert isinstance(town.board(ride), RideCodeWrongError)
    for _ in range(RIDES_A_DAY - 1):
        town.open()
    with pytest.raises(RideTooManyError):
        town.open()


def _tracks(ended_at: datetime) -> tuple[Trace, Trace]:
    points = car(ended_at)
    return make_trace("d", points), make_trace("p", beside(points))


def _moved(shared: Together, late_s: float) -> Together:
    return replace(shared, start_t=shared.start_t + late_s, end_t=shared.end_t + late_s)


def _ticket(town: Town, person: str, start: datetime, end: datetime) -> None:
    number = builders.make_operator(town.database, town.clock).number
    facts: dict[str, Fact] = {
        "serial": "T1",
        "mode": "bus",
        "distance_m": 5_000,
        "started_at": start.isoformat(),
        "ended_at": end.isoformat(),
    }
    with town.database.transaction() as session:
        actions.submit(
            session,
            actions.Submission(
                account_id=person,
                idempotency_key="ticket-0001",
                body_hash="x",
                code="",
                evidence=Evidence("ticket", f"ticket:{number}:T1", number, end, facts),
                refusal_code=None,
            ),
            incarnation=1,
            at=town.clock.now(),
        )
