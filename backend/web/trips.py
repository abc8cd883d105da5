"""Trips on pages: record one or upload its file, see what it proved, forget its map."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from sqlmodel import Session

from backend.accounts import sessions
from backend.accounts.rules import Actor, Permission
from backend.actions import queries as action_queries
from backend.actions.models import Claim, Verdict
from backend.db.engine import Database
from backend.http.bodies import check_length
from backend.http.deps import (
    ConfigDep,
    DatabaseDep,
    MaybeActor,
    Now,
    ReadSession,
    WriteSession,
    public,
    requires,
)
from backend.http.problems import STATUS
from backend.http.security import set_session_cookie
from backend.kernel.errors import EcoError, NotFoundError
from backend.mobility.parsing import MAX_BYTES
from backend.mobility.trace import area_of
from backend.rewards import queries as reward_queries
from backend.rewards.models import Receipt
from backend.trips import queries
from backend.trips import service as trip_service
from backend.trips.models import Trip
from backend.trips.rules import TripSource, TripState
from backend.web import history, maps, texts
from backend.web.contexts import FactorLine, LegLine, TripLine, TripPage, TripsPage
from backend.web.forms import checked_form, see
from backend.web.rendering import language_of, respond
from backend.workflows import admit_trip, notices

router = APIRouter(include_in_schema=False)

MONTH = timedelta(days=30)
SHOWN = 30


@router.get("/trajets", dependencies=[public()])
def get_trips(request: Request, session: ReadSession, actor: MaybeActor, clock: Now) -> Response:
    """Show the recorder, the form for a file, and the newest trips."""
    page = trips_page(session, actor, now=clock.now())
    return respond(request, "trips.html", page, actor=actor, section="trips")


@router.post("/trajets", dependencies=[public(), Depends(check_length)])
def post_trip(
    request: Request,
    actor: MaybeActor,
    database: DatabaseDep,
    clock: Now,
    config: ConfigDep,
    file: UploadFile,
    idempotency_key: Annotated[str, Form(min_length=8, max_length=64)],
) -> Response:
    """Take in a GPX, GeoJSON or JSON file; works without scripts."""
    account_id, token = _account(request, actor, database, clock.now())
    sender = admit_trip.Sender(account_id, idempotency_key, TripSource.FILE)
    try:
        area = area_of(config.trip_area)
        new = admit_trip.read(file.file.read(MAX_BYTES + 1), sender, area=area, now=clock.now())
        with database.transaction() as session:
            trip = admit_trip.admit(session, new, now=clock.now())
        response: Response = see(f"/trajets/{trip.id}")
    except EcoError as error:
        with database.reading() as session:
            page = trips_page(session, actor, now=clock.now(), problem=error)
        response = respond(
            request, "trips.html", page, actor=actor, section="trips", status=STATUS[error.kind]
        )
    if token is not None:
        set_session_cookie(request, response, token)
    return response


@router.post("/trajets/liaison", dependencies=[checked_form()])
def post_link(
    session: WriteSession,
    clock: Now,
    actor: Annotated[Actor, requires(Permission.CLAIM)],
) -> Response:
    """Make the word by which operators know this account."""
    trip_service.link(session, actor.account_id, at=clock.now())
    return see("/trajets#liaison")


@router.post("/trajets/liaison/supprimer", dependencies=[checked_form()])
def post_unlink(
    session: WriteSession, actor: Annotated[Actor, requires(Permission.CLAIM)]
) -> Response:
    """Forget that word: validations that name it find nobody."""
    trip_service.unlink(session, actor.account_id)
    return see("/trajets#liaison")


@router.get("/trajets/{trip_id}")
def get_trip(
    request: Request,
    trip_id: str,
    session: ReadSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Show map, legs, CO2 and what it earned."""
    trip = _owned(session, trip_id, actor)
    page = trip_page(session, trip, language_of(request, actor))
    return respond(request, "trip.html", page, actor=actor, section="trips")


@router.post("/trajets/{trip_id}/oublier", dependencies=[checked_form()])
def post_forget(
    trip_id: str,
    session: WriteSession,
    actor: Annotated[Actor, requires(Permission.READ_OWN)],
) -> Response:
    """Delete the map of a trip now."""
    trip_service.forget_path(session, _owned(session, trip_id, actor).id)
    return see(f"/trajets/{trip_id}")


def trips_page(
    session: Session, actor: Actor | None, *, now: datetime, problem: EcoError | None = None
) -> TripsPage:
    """Collect what the page of trips shows; a stranger sees the recorder alone."""
    found = queries.of_account(session, actor.account_id, limit=SHOWN) if actor else []
    recent = [trip for trip in found if trip.ended_at > now - MONTH]
    counted = [leg for trip in recent for leg in _counted(trip)]
    link = queries.link_of(session, actor.account_id) if actor else None
    return TripsPage(
        idempotency_key=secrets.token_urlsafe(18),
        trips=tuple(_line(session, trip) for trip in found),
        month_m=sum(leg["distance_m"] for leg in counted),
        month_co2_g=sum(leg.get("co2_avoided_g", 0) for leg in counted),
        link_code=link.code if link is not None else "",
        problem_key=_problem_text(problem, "title"),
        advice_key=_problem_text(problem, "to_do"),
    )


def trip_page(session: Session, trip: Trip, language: str) -> TripPage:
    """Collect everything that a trip proved."""
    claim = action_queries.by_public_id(session, trip.id)
    verdict = action_queries.verdict_of(session, claim.id or 0) if claim is not None else None
    receipt = reward_queries.receipt_of(session, claim.id or 0) if claim is not None else None
    title_key, icon = _title(trip)
    drawn = maps.trip_map(session, trip.path)
    return TripPage(
        reference=trip.id,
        icon=icon,
        title_key=title_key,
        state=_state(session, claim),
        source=trip.source,
        started_at=trip.started_at,
        ended_at=trip.ended_at,
        units=_units(session, claim, receipt),
        level=trip.finding.get("proof_level", ""),
        distance_m=trip.finding.get("distance_m", 0),
        co2_g=trip.finding.get("co2_avoided_g", 0),
        map=drawn,
        has_map=drawn is not None,
        legs=tuple(leg_line(leg) for leg in trip.finding.get("legs", [])),
        factors=tuple(_factor(one) for one in trip.finding.get("factors", [])),
        reasons=_reasons(verdict, language),
        receipt_href=f"/recus/{trip.id}" if claim is not None else "",
    )


def _owned(session: Session, trip_id: str, actor: Actor) -> Trip:
    trip = queries.get(session, trip_id)
    if trip is None or trip.account_id != actor.account_id:
        raise NotFoundError("trip", trip_id)
    return trip


def _account(
    request: Request, actor: Actor | None, database: Database, now: datetime
) -> tuple[str, str | None]:
    if actor is not None:
        return actor.account_id, None
    with database.transaction() as session:
        signed_in = sessions.start_anonymous(
            session,
            now=now,
            language=language_of(request, None),
            user_agent=request.headers.get("user-agent", ""),
        )
    return signed_in.account.id, signed_in.token


def _line(session: Session, trip: Trip) -> TripLine:
    title_key, icon = _title(trip)
    return TripLine(
        href=f"/trajets/{trip.id}",
        icon=icon,
        title_key=title_key,
        at=trip.started_at,
        state=_state(session, action_queries.by_public_id(session, trip.id)),
        distance_m=trip.finding.get("distance_m", 0),
        co2_g=trip.finding.get("co2_avoided_g", 0),
    )


def _state(session: Session, claim: Claim | None) -> str:
    if claim is None:
        return "pending"
    receipt = reward_queries.receipt_of(session, claim.id or 0)
    return history.claim_state(claim, receipt, reward_queries.of_claim(session, claim.id or 0))


def _title(trip: Trip) -> tuple[str, str]:
    legs = trip.finding.get("legs", [])
    if trip.state != TripState.JUDGED or not legs:
        return "code.trip", "code-trip"
    longest = max(legs, key=lambda leg: leg["distance_m"])
    return history.act_title("trip", {"mode": longest.get("ticket_mode", longest["mode"])})


def _counted(trip: Trip) -> list[Mapping[str, Any]]:
    return [leg for leg in trip.finding.get("legs", []) if leg["proof_level"] != "P0"]


def leg_line(leg: Mapping[str, Any]) -> LegLine:
    """Return a leg of a finding as pages show it."""
    title_key, icon = history.act_title("trip", {"mode": leg.get("ticket_mode", leg["mode"])})
    ticket = leg.get("ticket")
    return LegLine(
        icon=icon,
        mode=leg["mode"],
        title_key=title_key,
        percent=round(leg["probability"] * 100),
        distance_m=leg["distance_m"],
        started_at=datetime.fromisoformat(leg["started_at"]),
        ended_at=datetime.fromisoformat(leg["ended_at"]),
        level=leg["proof_level"],
        is_counted=leg["proof_level"] != "P0",
        co2_g=leg.get("co2_avoided_g", 0),
        line=leg.get("line", ""),
        board=leg.get("board", ""),
        alight=leg.get("alight", ""),
        ticket_href=f"/recus/{ticket}" if ticket else "",
        dock_start=leg.get("dock_start", ""),
        dock_end=leg.get("dock_end", ""),
    )


def _factor(factor: Mapping[str, str]) -> FactorLine:
    return FactorLine(
        code=factor["code"],
        value=f"{factor['value']} {factor['unit']}",
        source=factor["source"],
        edition=factor["edition"],
        licence=factor["licence"],
    )


def _reasons(verdict: Verdict | None, language: str) -> tuple[str, ...]:
    rows = verdict.reasons if verdict is not None else []
    told = [history.reason_text(language, row["code"], row["facts"]) for row in rows]
    return tuple(dict.fromkeys(told))


def _units(session: Session, claim: Claim | None, receipt: Receipt | None) -> int | None:
    """Return what a trip earns after everything that happened to its reward."""
    if claim is None or receipt is None:
        return None
    claim_id = claim.id or 0
    changes = reward_queries.adjustments_of(session, [claim_id]).get(claim_id, [])
    return receipt.units + notices.net_units(changes)


def _problem_text(problem: EcoError | None, part: str) -> str:
    if problem is None:
        return ""
    key = f"problem.{problem.code}.{part}"
    return key if texts.has("fr", key) else f"problem.default.{part}"
