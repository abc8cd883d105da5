"""Reads of shared rides."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select

from backend.rides.models import SharedRide, SharedSeat
from backend.rides.rules import BEFORE, SeatState

NEIGHBOURHOOD = timedelta(hours=36)
"""A local day and half an hour, whatever the zone: wide enough for every check."""
SHOWN = 30
CIRCLE_MAX = 40
"""People; a driver of a village may have taken twenty neighbours along, who have neighbours."""


def ride(session: Session, ride_id: str) -> SharedRide | None:
    """Return a ride."""
    return session.get(SharedRide, ride_id)


def by_word(session: Session, word: str) -> SharedRide | None:
    """Return the ride that is called so."""
    return session.exec(select(SharedRide).where(col(SharedRide.word) == word)).one_or_none()


def count_opened_since(session: Session, driver_id: str, since: datetime) -> int:
    """Count the rides that a driver opened."""
    statement = select(func.count()).where(
        col(SharedRide.driver_id) == driver_id, col(SharedRide.opened_at) >= since
    )
    return session.exec(statement).one()


def seats_of(session: Session, ride_id: str) -> Sequence[SharedSeat]:
    """Return the passengers of a ride in the order in which they got in."""
    statement = select(SharedSeat).where(col(SharedSeat.ride_id) == ride_id)
    return session.exec(statement.order_by(col(SharedSeat.joined_at))).all()


def of_account(session: Session, account_id: str) -> Sequence[SharedSeat]:
    """Return the newest seats of a person, in either role."""
    statement = select(SharedSeat).where(_is_of(account_id))
    return session.exec(statement.order_by(col(SharedSeat.joined_at).desc()).limit(SHOWN)).all()


def waiting_for(
    session: Session, account_id: str, *, started_at: datetime, ended_at: datetime
) -> Sequence[SharedSeat]:
    """Return undecided seats that a recording of a person may be of."""
    statement = select(SharedSeat).where(
        _is_of(account_id),
        col(SharedSeat.state) == SeatState.WAITING,
        col(SharedSeat.joined_at) >= started_at - BEFORE,
        col(SharedSeat.joined_at) <= ended_at + BEFORE,
    )
    return session.exec(statement.order_by(col(SharedSeat.joined_at)).with_for_update()).all()


def companions(
    session: Session, account_id: str, *, started_at: datetime, ended_at: datetime
) -> frozenset[str]:
    """Return who sits in one car with a person at that time, by their codes.

    Passengers of one driver are in one car as well.
    """
    within = (
        col(SharedSeat.joined_at) >= started_at - BEFORE,
        col(SharedSeat.joined_at) <= ended_at + BEFORE,
    )
    rides = select(SharedSeat.ride_id).where(_is_of(account_id), *within)
    seats = session.exec(select(SharedSeat).where(col(SharedSeat.ride_id).in_(rides))).all()
    people = {person for seat in seats for person in (seat.driver_id, seat.passenger_id)}
    return frozenset(people - {account_id})


def circle(session: Session, account_id: str, *, since: datetime) -> Sequence[SharedSeat]:
    """Return the proved seats of a person, and of all who are tied to them by such seats.

    Stops at `CIRCLE_MAX` people: a circle of that size is no closed group.
    """
    found: dict[str, SharedSeat] = {}
    known, fresh = {account_id}, {account_id}
    while fresh and len(known) <= CIRCLE_MAX:
        statement = select(SharedSeat).where(
            or_(col(SharedSeat.driver_id).in_(fresh), col(SharedSeat.passenger_id).in_(fresh)),
            col(SharedSeat.state) == SeatState.PROVED,
            col(SharedSeat.joined_at) >= since,
        )
        found |= {seat.id: seat for seat in session.exec(statement)}
        people = {one for seat in found.values() for one in (seat.driver_id, seat.passenger_id)}
        fresh = people - known
        known |= people
    return sorted(found.values(), key=lambda seat: (seat.joined_at, seat.id))


def all_of(session: Session, account_id: str) -> tuple[Sequence[SharedRide], Sequence[SharedSeat]]:
    """Return every ride that a person opened, and every seat of theirs in either role."""
    opened = select(SharedRide).where(col(SharedRide.driver_id) == account_id)
    seats = select(SharedSeat).where(_is_of(account_id))
    return (
        session.exec(opened.order_by(col(SharedRide.opened_at))).all(),
        session.exec(seats.order_by(col(SharedSeat.joined_at))).all(),
    )


def around(session: Session, seat: SharedSeat) -> Sequence[SharedSeat]:
    """Return the other proved seats of both people near a seat in time."""
    statement = select(SharedSeat).where(
        or_(_is_of(seat.driver_id), _is_of(seat.passenger_id)),
        col(SharedSeat.id) != seat.id,
        col(SharedSeat.state) == SeatState.PROVED,
        col(SharedSeat.joined_at) >= seat.joined_at - NEIGHBOURHOOD,
        col(SharedSeat.joined_at) <= seat.joined_at + NEIGHBOURHOOD,
    )
    return session.exec(statement.order_by(col(SharedSeat.joined_at))).all()


def next_complete(session: Session) -> SharedSeat | None:
    """Return the oldest undecided seat of which both recordings are here, locked."""
    statement = select(SharedSeat).where(
        col(SharedSeat.state) == SeatState.WAITING,
        col(SharedSeat.driver_trip_id).is_not(None),
        col(SharedSeat.passenger_trip_id).is_not(None),
    )
    return session.exec(
        statement.order_by(col(SharedSeat.joined_at)).limit(1).with_for_update()
    ).first()


def overdue(session: Session, *, before: datetime, limit: int) -> Sequence[SharedSeat]:
    """Return undecided seats that were joined before an instant, locked."""
    statement = select(SharedSeat).where(
        col(SharedSeat.state) == SeatState.WAITING, col(SharedSeat.joined_at) < before
    )
    return session.exec(
        statement.order_by(col(SharedSeat.joined_at)).limit(limit).with_for_update()
    ).all()


def _is_of(account_id: str) -> ColumnElement[bool]:
    return or_(col(SharedSeat.driver_id) == account_id, col(SharedSeat.passenger_id) == account_id)
