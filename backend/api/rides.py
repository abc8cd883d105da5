"""Shared rides of local lines: open one, show its code, enter a code, see how far they are."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    DatabaseDep,
    Now,
    ReadSession,
    SignInNeededError,
    WriteSession,
    requires,
)
from backend.kernel.errors import EcoError, NotFoundError
from backend.mobility.carpool.pairing import CODE_SLOT_S
from backend.rides import queries, service
from backend.rides.errors import RideCodeWrongError
from backend.rides.models import SharedSeat
from backend.rides.rules import OPEN_FOR, is_open
from backend.workflows import shared_rides

router = APIRouter(tags=["rides"])


class RidePublic(BaseModel):
    """A ride as its driver sees it."""

    id: str
    word: str = Field(description="Names the ride beside its code.")
    closes_at: datetime = Field(description="Until when it takes passengers in.")


class RideCodePublic(BaseModel):
    """What the driver's phone shows."""

    word: str
    code: str = Field(description="Six digits, good in this minute and the next.")
    next_at: datetime = Field(description="When the next code begins.")


class Boarding(BaseModel):
    """What a passenger read from the driver's phone."""

    word: str = Field(max_length=12)
    code: str = Field(max_length=12)


class SeatPublic(BaseModel):
    """One passenger's part of a ride, as one of the two people sees it."""

    id: str
    ride: str
    role: str = Field(description="driver or passenger.")
    state: str = Field(description="waiting, proved or refused.")
    joined_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    distance_m: int | None
    is_recorded: bool = Field(description="The caller's own recording is here.")
    labels: list[str] = Field(description="Why it is refused.")


@router.post("/rides", status_code=status.HTTP_201_CREATED, summary="Open a ride as its driver")
def post_ride(
    session: WriteSession, clock: Now, actor: Annotated[Actor, requires(Permission.CLAIM)]
) -> RidePublic:
    """Open a ride; it takes passengers in for three hours."""
    _refuse_anonymous(actor)
    ride = service.open_ride(session, actor.account_id, at=clock.now())
    return RidePublic(id=ride.id, word=ride.word, closes_at=ride.opened_at + OPEN_FOR)


@router.get("/rides/{ride_id}/code", summary="Get the code of this minute, as the driver")
def get_code(
    ride_id: str,
    session: ReadSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.CLAIM)],
) -> RideCodePublic:
    """Return the code that a passenger enters now."""
    ride = queries.ride(session, ride_id)
    if ride is None or ride.driver_id != actor.account_id:
        raise NotFoundError("ride", ride_id)
    if not is_open(ride.opened_at, ride.wrong_codes, clock.now()):
        raise RideCodeWrongError
    second = int(clock.now().timestamp())
    next_at = datetime.fromtimestamp(
        second - second % CODE_SLOT_S + CODE_SLOT_S, clock.now().tzinfo
    )
    return RideCodePublic(
        word=ride.word, code=shared_rides.code_of(ride, clock.now()), next_at=next_at
    )


@router.post(
    "/rides/seats", status_code=status.HTTP_201_CREATED, summary="Take a seat with a driver's code"
)
def post_seat(
    body: Boarding,
    database: DatabaseDep,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.CLAIM)],
) -> SeatPublic:
    """Take a seat; entering the code of a ride again changes nothing."""
    _refuse_anonymous(actor)
    with database.transaction() as session:
        answer = shared_rides.board(
            session,
            word=body.word,
            code=body.code,
            passenger_id=actor.account_id,
            now=clock.now(),
        )
    if isinstance(answer, EcoError):
        # After the commit, which counts the wrong code.
        raise answer
    return _public(answer, actor)


@router.get("/rides/seats", summary="List one's own shared rides in both roles, newest first")
def get_seats(
    session: ReadSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> list[SeatPublic]:
    """Return how far each is; the other person is not named."""
    return [_public(seat, actor) for seat in queries.of_account(session, actor.account_id)]


def _public(seat: SharedSeat, actor: Actor) -> SeatPublic:
    is_driver = seat.driver_id == actor.account_id
    own = seat.driver_trip_id if is_driver else seat.passenger_trip_id
    return SeatPublic(
        id=seat.id,
        ride=seat.ride_id,
        role="driver" if is_driver else "passenger",
        state=seat.state,
        joined_at=seat.joined_at,
        started_at=seat.started_at,
        ended_at=seat.ended_at,
        distance_m=seat.distance_m,
        is_recorded=own is not None,
        labels=[str(label["code"]) for label in seat.labels],
    )


def _refuse_anonymous(actor: Actor) -> None:
    if actor.is_anonymous:
        raise SignInNeededError
