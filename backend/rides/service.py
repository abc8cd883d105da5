"""Writes of shared rides: open one, take a passenger in, keep both tracks, decide, forget."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from backend.db.upsert import insert_or_skip
from backend.rides import queries, rules
from backend.rides.errors import RideFullError, RideOwnError, RideTooManyError
from backend.rides.models import SharedRide, SharedSeat
from backend.rides.rules import SeatState


@dataclass(frozen=True)
class Stretch:
    """What both recordings show together."""

    started_at: datetime
    ended_at: datetime
    distance_m: int


def open_ride(session: Session, driver_id: str, *, at: datetime) -> SharedRide:
    """Open a ride whose code passengers enter.

    Raises:
        RideTooManyError: The driver opened too many in a day.
    """
    if queries.count_opened_since(session, driver_id, at - rules.DAY) >= rules.RIDES_A_DAY:
        raise RideTooManyError(rules.RIDES_A_DAY)
    while True:
        word = "".join(secrets.choice(rules.WORD_ALPHABET) for _ in range(rules.WORD_CHARS))
        made = SharedRide(
            driver_id=driver_id, word=word, key_hex=secrets.token_hex(32), opened_at=at
        )
        if insert_or_skip(session, made) is not None:
            return made


def note_wrong_code(session: Session, ride: SharedRide) -> None:
    """Count a code that did not fit; after too many a ride takes nobody in."""
    ride.wrong_codes += 1
    session.add(ride)
    session.flush()


def take_in(session: Session, ride: SharedRide, passenger_id: str, *, at: datetime) -> SharedSeat:
    """Give a passenger a seat; entering the code again changes nothing.

    Raises:
        RideOwnError: It is the driver.
        RideFullError: Every seat is taken.
    """
    if passenger_id == ride.driver_id:
        raise RideOwnError
    seats = queries.seats_of(session, ride.id)
    standing = next((seat for seat in seats if seat.passenger_id == passenger_id), None)
    if standing is not None:
        return standing
    if len(seats) >= rules.SEATS:
        raise RideFullError(rules.SEATS)
    seat = SharedSeat(
        ride_id=ride.id,
        driver_id=ride.driver_id,
        passenger_id=passenger_id,
        joined_at=at,
        labels=[],
    )
    if insert_or_skip(session, seat) is not None:
        return seat
    seats = queries.seats_of(session, ride.id)
    return next(seat for seat in seats if seat.passenger_id == passenger_id)


def keep_track(
    session: Session, seat: SharedSeat, *, account_id: str, trip_id: str, track: list[Any]
) -> None:
    """Keep a person's recording of a ride until both are here; the first one counts."""
    if account_id == seat.driver_id and seat.driver_trip_id is None:
        seat.driver_trip_id, seat.driver_track = trip_id, track
    elif account_id == seat.passenger_id and seat.passenger_trip_id is None:
        seat.passenger_trip_id, seat.passenger_track = trip_id, track
    session.add(seat)
    session.flush()


def decide(
    session: Session,
    seat: SharedSeat,
    *,
    labels: Iterable[dict[str, Any]],
    stretch: Stretch | None,
    at: datetime,
) -> SharedSeat:
    """End the wait of a seat and forget both tracks; without a label the ride is proved."""
    seat.labels = list(labels)
    seat.state = SeatState.REFUSED if seat.labels else SeatState.PROVED
    seat.driver_track = seat.passenger_track = None
    if stretch is not None:
        seat.started_at, seat.ended_at = stretch.started_at, stretch.ended_at
        seat.distance_m = stretch.distance_m
    seat.decided_at = at
    session.add(seat)
    session.flush()
    return seat
