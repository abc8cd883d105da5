"""Shared car trips: what an operator reports before it hands out tickets for them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Self

from fastapi import APIRouter, status
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from backend.api.devices import CallerDep
from backend.carpool.errors import CarpoolNotConfiguredError, JourneyNotOverError
from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import JourneyState, OperatorClass, pseudonym
from backend.devices import queries as device_queries
from backend.devices.errors import DeviceRequestRefusedError
from backend.devices.rules import DeviceKind
from backend.http.deps import ConfigDep, DatabaseDep, Now, public
from backend.kernel.canonical import canonical_json, sha256_hex
from backend.territory.geo import MICRO, Position
from backend.workflows.carpool import admit_journey

CLOCK_SLACK = timedelta(minutes=1)

router = APIRouter(tags=["carpool"])

Reference = Annotated[str, Field(pattern="^[0-9A-Za-z_-]{1,255}$")]
Serial = Annotated[str, Field(pattern="^[0-9A-Za-z-]{1,16}$")]


class TimedPoint(BaseModel):
    """Where and when the passenger got in or out; only the commune is kept."""

    datetime: AwareDatetime
    lat: Decimal = Field(ge=-90, le=90, description="Degrees, WGS 84.")
    lon: Decimal = Field(ge=-180, le=180, description="Degrees, WGS 84.")

    def position(self) -> Position:
        """Return it in whole micro-degrees."""
        return Position(int(self.lat * MICRO), int(self.lon * MICRO))


class Identity(BaseModel):
    """Who somebody is to the register; kept as a keyed pseudonym only."""

    identity_key: str = Field(pattern="^[0-9a-f]{64}$")


class Occupant(BaseModel):
    """One of the two people."""

    identity: Identity


class Tickets(BaseModel):
    """Serials of the tickets that the operator gives to the two people."""

    driver: Serial
    passenger: Serial


class JourneyCreate(BaseModel):
    """A journey in the words of the register's API, and the tickets for it.

    An operator may send the body that it sends the register; fields not named here are not read.
    """

    operator_journey_id: Reference
    operator_trip_id: Reference
    operator_class: OperatorClass
    start: TimedPoint
    end: TimedPoint
    distance: int = Field(ge=0, le=1_000_000, description="As driven. Unit: metres.")
    driver: Occupant
    passenger: Occupant
    tickets: Tickets

    @model_validator(mode="after")
    def _is_of_two_people_and_forward(self) -> Self:
        if self.driver.identity.identity_key == self.passenger.identity.identity_key:
            raise ValueError("driver and passenger are one person; a journey has two")
        if self.tickets.driver == self.tickets.passenger:
            raise ValueError("both tickets bear one serial; give each person one of their own")
        if self.end.datetime < self.start.datetime:
            raise ValueError("the journey ends before it starts")
        return self


class JourneyPublic(BaseModel):
    """How far a journey is."""

    operator_journey_id: str
    state: JourneyState
    register_status: str | None
    next_check_at: datetime | None


@router.post(
    "/carpool/journeys",
    status_code=status.HTTP_201_CREATED,
    dependencies=[public()],
    summary="Report a shared car trip",
)
def post_journey(
    body: JourneyCreate, caller: CallerDep, database: DatabaseDep, clock: Now, config: ConfigDep
) -> JourneyPublic:
    """Record a journey after the register's checks on arrival; a repeat changes nothing."""
    if config.identity_secret is None:
        raise CarpoolNotConfiguredError
    with database.reading() as session:
        if device_queries.need(session, caller.number).kind != DeviceKind.OPERATOR:
            raise DeviceRequestRefusedError("only an operator reports journeys")
    if body.end.datetime > clock.now() + CLOCK_SLACK:
        raise JourneyNotOverError(body.operator_journey_id)
    reported = _journey_of(body, caller.number, config.identity_secret, clock.now())
    with database.transaction() as session:
        admission = admit_journey(
            session,
            reported,
            start=body.start.position(),
            end=body.end.position(),
            now=clock.now(),
        )
    if admission.refusal is not None:
        # After the commit, which keeps the journey with its labels.
        raise admission.refusal
    journey = admission.journey
    return JourneyPublic(
        operator_journey_id=journey.operator_journey_id,
        state=JourneyState(journey.state),
        register_status=journey.register_status,
        next_check_at=journey.next_check_at,
    )


def _journey_of(
    body: JourneyCreate, operator_number: int, secret: bytes, now: datetime
) -> CarpoolJourney:
    return CarpoolJourney(
        operator_number=operator_number,
        operator_journey_id=body.operator_journey_id,
        operator_trip_id=body.operator_trip_id,
        operator_class=body.operator_class,
        driver=pseudonym(secret, body.driver.identity.identity_key),
        passenger=pseudonym(secret, body.passenger.identity.identity_key),
        driver_serial=body.tickets.driver,
        passenger_serial=body.tickets.passenger,
        started_at=body.start.datetime,
        ended_at=body.end.datetime,
        distance_m=body.distance,
        body_hash=sha256_hex(canonical_json(body.model_dump(mode="json"))),
        labels=[],
        received_at=now,
    )
