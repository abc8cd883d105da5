"""Trips: hand one in, see what it proved, forget its map."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response, status
from pydantic import BaseModel, Field

from backend.accounts.rules import Actor, Permission
from backend.http.bodies import bounded_body
from backend.http.deps import ConfigDep, DatabaseDep, Now, ReadSession, WriteSession, requires
from backend.kernel.errors import NotFoundError
from backend.mobility.trace import area_of
from backend.trips import queries, service
from backend.trips.models import Trip
from backend.trips.rules import TripSource
from backend.workflows import admit_trip

router = APIRouter(tags=["trips"])

Body = Annotated[bytes, Depends(bounded_body)]
TRACE_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["points"],
                    "properties": {
                        "id": {"type": "string"},
                        "points": {
                            "type": "array",
                            "maxItems": 50_000,
                            "items": {
                                "type": "array",
                                "description": "t (Unix s), lat, lon, accuracy_m, speed_mps, "
                                "altitude_m; null where unknown, the last three may be left out.",
                                "items": {"type": "number", "nullable": True},
                            },
                        },
                    },
                }
            },
            "application/geo+json": {"schema": {"type": "object"}},
            "application/gpx+xml": {"schema": {"type": "string"}},
        },
    }
}


class LegPublic(BaseModel):
    """One leg of a trip."""

    mode: str = Field(description="walk, bike, bus, rail or car.")
    probability: float = Field(description="Calibrated probability of that mode.")
    distance_m: int
    started_at: datetime
    ended_at: datetime
    proof_level: str = Field(description="P0 to P3; only P1 and above counts.")
    co2_avoided_g: int = 0
    line: str | None = Field(default=None, description="Line whose timetable fits.")
    board: str | None = None
    alight: str | None = None
    ticket: str | None = Field(default=None, description="Claim of the ticket that attests it.")


class TripPublic(BaseModel):
    """A trip as its owner sees it."""

    id: str = Field(description="Id of its claim too, once it is judged.")
    state: str = Field(description="received or judged.")
    source: str
    started_at: datetime
    ended_at: datetime
    received_at: datetime
    verdict: str | None = Field(default=None, description="accepted, held or refused.")
    proof_level: str | None = None
    distance_m: int | None = None
    co2_avoided_g: int | None = None
    factors: list[dict[str, str]] = Field(
        default=[], description="Emission factors: id, value, unit, source, edition, licence."
    )
    legs: list[LegPublic] = []
    reasons: list[dict[str, Any]] = Field(default=[], description="Codes with words.")
    signs: list[str] = Field(default=[], description="Codes of what is out of the ordinary.")


@router.post(
    "/trips",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Hand in a recorded trip (compact JSON, GeoJSON or GPX)",
    openapi_extra=TRACE_BODY,
)
def post_trip(
    *,
    response: Response,
    body: Body,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    actor: Annotated[Actor, requires(Permission.CLAIM)],
    idempotency_key: Annotated[str, Header(min_length=8, max_length=64)],
    source: Annotated[Literal["phone", "file"], Query()] = "phone",
) -> TripPublic:
    """Store the trip durably and answer; the jobs judge it within seconds."""
    sender = admit_trip.Sender(actor.account_id, idempotency_key, TripSource(source))
    new = admit_trip.read(body, sender, area=area_of(config.trip_area), now=clock.now())
    with database.transaction() as session:
        trip = admit_trip.admit(session, new, now=clock.now())
    response.headers["Location"] = f"/api/v1/trips/{trip.id}"
    return public_trip(trip)


@router.get("/trips", summary="List one's own trips, newest first")
def get_trips(
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[TripPublic]:
    """Return trips with what they proved."""
    return [
        public_trip(trip) for trip in queries.of_account(session, actor.account_id, limit=limit)
    ]


@router.get("/trips/{trip_id}", summary="See what a trip of one's own proved")
def get_trip(
    trip_id: str, session: ReadSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> TripPublic:
    """Return state, legs, CO2 and reasons; the points are on the claim of the same id."""
    return public_trip(owned(queries.get(session, trip_id), actor))


@router.delete(
    "/trips/{trip_id}/map",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Forget the map of a trip of one's own",
)
def delete_map(
    trip_id: str, session: WriteSession, actor: Annotated[Actor, requires(Permission.READ_OWN)]
) -> None:
    """Delete path and ends; legs, distance and points earned stay."""
    service.forget_path(session, owned(queries.get(session, trip_id), actor).id)


def owned(trip: Trip | None, actor: Actor) -> Trip:
    """Return a trip that belongs to the actor.

    Raises:
        NotFoundError: There is none, or it is somebody else's.
    """
    if trip is None or trip.account_id != actor.account_id:
        raise NotFoundError("trip", trip.id if trip is not None else "unknown")
    return trip


def public_trip(trip: Trip) -> TripPublic:
    """Return what the owner of a trip sees."""
    found = trip.finding
    return TripPublic(
        id=trip.id,
        state=trip.state,
        source=trip.source,
        started_at=trip.started_at,
        ended_at=trip.ended_at,
        received_at=trip.received_at,
        verdict=found.get("verdict"),
        proof_level=found.get("proof_level"),
        distance_m=found.get("distance_m"),
        co2_avoided_g=found.get("co2_avoided_g"),
        factors=found.get("factors", []),
        legs=[LegPublic.model_validate(leg) for leg in found.get("legs", [])],
        reasons=found.get("reasons", []),
        signs=found.get("signs", []),
    )
