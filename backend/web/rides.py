"""Shared rides on pages: open one and show its code, enter a code, see how far rides are."""

import base64
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from backend.accounts.rules import Actor, Permission
from backend.http.deps import (
    ConfigDep,
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    SignInNeededError,
    WriteSession,
    public,
    requires,
)
from backend.http.problems import STATUS
from backend.kernel.errors import EcoError, NotFoundError
from backend.paper.typesetting import qr_svg
from backend.rides import queries, service
from backend.rides.models import SharedRide, SharedSeat
from backend.rides.rules import SeatState, is_open
from backend.web import texts
from backend.web.contexts import RidePage, RidesPage, SeatLine
from backend.web.forms import checked_form, see
from backend.web.rendering import respond
from backend.workflows import shared_rides

router = APIRouter(include_in_schema=False)

Citizen = Annotated[Actor, requires(Permission.CLAIM)]
Word = Annotated[str, Form(max_length=12)]
Code = Annotated[str, Form(max_length=12)]
SHOWN_S = 20
"""A third of the minute in which a code is new; it is good for one to two."""
_STATES = {SeatState.WAITING: "pending", SeatState.PROVED: "accepted", SeatState.REFUSED: "refused"}


@router.get("/covoiturage", dependencies=[public()])
def get_rides(
    request: Request, session: ReadSession, actor: MaybeActor, mot: str = "", code: str = ""
) -> Response:
    """Offer both roles; a scanned link fills the passenger's form and takes no seat."""
    page = rides_page(session, actor, word=mot[:12], code=code[:12])
    return respond(request, "rides.html", page, actor=actor, section="trips")


@router.post("/covoiturage/conduire", dependencies=[checked_form()])
def post_drive(session: WriteSession, clock: Now, actor: Citizen) -> Response:
    """Open a ride."""
    _refuse_anonymous(actor)
    ride = service.open_ride(session, actor.account_id, at=clock.now())
    return see(f"/covoiturage/{ride.id}")


@router.post("/covoiturage/monter", dependencies=[checked_form()])
def post_board(
    request: Request, database: DatabaseDep, clock: Now, actor: Citizen, word: Word, code: Code
) -> Response:
    """Take a seat with the code that the driver's phone shows."""
    _refuse_anonymous(actor)
    try:
        with database.transaction() as session:
            answer = shared_rides.board(
                session, word=word, code=code, passenger_id=actor.account_id, now=clock.now()
            )
        if isinstance(answer, SharedSeat):
            return see("/covoiturage#rides")
        raise answer
    except EcoError as error:
        with database.reading() as session:
            page = rides_page(session, actor, word=word, problem=error)
        status = STATUS[error.kind]
        return respond(request, "rides.html", page, actor=actor, section="trips", status=status)


@router.get("/covoiturage/{ride_id}")
def get_ride(
    request: Request,
    ride_id: str,
    session: ReadSession,
    clock: Now,
    config: ConfigDep,
    actor: Citizen,
) -> Response:
    """Show the driver the code of this minute and who is on board."""
    ride = queries.ride(session, ride_id)
    if ride is None or ride.driver_id != actor.account_id:
        raise NotFoundError("ride", ride_id)
    is_shown = is_open(ride.opened_at, ride.wrong_codes, clock.now())
    code = shared_rides.code_of(ride, clock.now()) if is_shown else ""
    page = RidePage(
        word=ride.word,
        code=code,
        picture=_picture(ride, code, config.public_url) if is_shown else "",
        seconds=SHOWN_S,
        seats=tuple(_line(seat, actor) for seat in queries.seats_of(session, ride.id)),
    )
    return respond(request, "ride.html", page, actor=actor, section="trips")


def rides_page(
    session: Session,
    actor: Actor | None,
    *,
    word: str = "",
    code: str = "",
    problem: EcoError | None = None,
) -> RidesPage:
    """Collect the newest rides of a person in both roles."""
    seats = queries.of_account(session, actor.account_id) if actor is not None else []
    return RidesPage(
        is_anonymous=actor is None or actor.is_anonymous,
        seats=tuple(_line(seat, actor) for seat in seats if actor is not None),
        word=word,
        code=code,
        problem_key=_problem_text(problem, "title"),
        advice_key=_problem_text(problem, "to_do"),
    )


def _line(seat: SharedSeat, actor: Actor) -> SeatLine:
    is_driver = seat.driver_id == actor.account_id
    trips = (seat.driver_trip_id, seat.passenger_trip_id)
    own, other = trips if is_driver else trips[::-1]
    return SeatLine(
        href=f"/trajets/{own}" if own is not None else "/trajets",
        role="driver" if is_driver else "passenger",
        state=_STATES[SeatState(seat.state)],
        at=seat.started_at or seat.joined_at,
        distance_m=seat.distance_m or 0,
        label_keys=tuple(_label_key(str(label["code"])) for label in seat.labels),
        is_recorded=own is not None,
        is_other_recorded=other is not None,
    )


def _label_key(code: str) -> str:
    key = f"ride.label.{code}"
    return key if texts.has("fr", key) else "ride.label.other"


def _picture(ride: SharedRide, code: str, public_url: str) -> str:
    link = f"{public_url.rstrip('/')}/covoiturage?mot={ride.word}&code={code}"
    return "data:image/svg+xml;base64," + base64.b64encode(qr_svg(link).encode()).decode()


def _refuse_anonymous(actor: Actor) -> None:
    if actor.is_anonymous:
        raise SignInNeededError


def _problem_text(problem: EcoError | None, part: str) -> str:
    if problem is None:
        return ""
    key = f"problem.{problem.code}.{part}"
    return key if texts.has("fr", key) else f"problem.default.{part}"
