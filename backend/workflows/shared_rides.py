"""Shared rides of local lines: enter by code, keep both recordings, compare, claim for both.

No operator and no register knows these rides, so nothing is paid on one person's word: both
phones must have recorded the stretch, and each person's claim stands or falls with the other's.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlmodel import Session

from backend.actions import queries as action_queries
from backend.actions import service as actions
from backend.actions.models import Claim
from backend.actions.rules import Evidence, Reason
from backend.kernel.errors import UnavailableError
from backend.mobility.carpool import rules as checks
from backend.mobility.carpool.pairing import is_code_right, pairing_code
from backend.mobility.carpool.rules import Label
from backend.mobility.carpool.together import Together, ride_labels, stretch_together
from backend.mobility.carpool.trips import CarpoolTrip, TripStatus
from backend.mobility.fraud.rings import SharedTrip, rings, role_swaps
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.storing import pack, unpack
from backend.mobility.trace import MIN_POINTS, Trace
from backend.rides import queries, rules, service
from backend.rides.errors import RideCodeWrongError
from backend.rides.models import SharedRide, SharedSeat
from backend.rides.rules import SeatState
from backend.trips import queries as trip_queries
from backend.trips.models import Trip
from backend.workflows.judge_trip import attested_trips

KIND = "shared_ride"
LOCAL = "local"
"""Stands for the operator in the register's checks: these rides have none."""
FINEST_S = 5
"""Both tracks are compared every ten seconds; more fixes than this are not kept."""
GIVEN_UP_AT_ONCE = 50
HABITS = timedelta(days=30)
PAIR_SWAPS_MIN = 3
"""Days of thirty on which two people drove each other. A couple does it now and then; as a habit
it earns both of them twice for the same empty seat."""


def code_of(ride: SharedRide, now: datetime) -> str:
    """Return the six digits that the driver's phone shows in this minute."""
    return pairing_code(bytes.fromhex(ride.key_hex), ride.id, now.timestamp())


def board(
    session: Session, *, word: str, code: str, passenger_id: str, now: datetime
) -> SharedSeat | RideCodeWrongError:
    """Give a passenger a seat in the ride whose code is right at this minute.

    The error is returned and not raised, so that the wrong code is counted.

    Raises:
        RideOwnError: It is the driver's own ride.
        RideFullError: Every seat is taken.
    """
    ride = queries.by_word(session, rules.tidy_word(word))
    if ride is None or not rules.is_open(ride.opened_at, ride.wrong_codes, now):
        return RideCodeWrongError()
    key = bytes.fromhex(ride.key_hex)
    if not is_code_right(key, ride.id, rules.tidy_word(code), at_t=now.timestamp()):
        service.note_wrong_code(session, ride)
        return RideCodeWrongError()
    return service.take_in(session, ride, passenger_id, at=now)


def hand_over(session: Session, trip: Trip, trace: Trace) -> int:
    """Keep what a judged recording shows of rides that wait for it; return of how many.

    Must run in the transaction that drops the recording's points.
    """
    seats = queries.waiting_for(
        session, trip.account_id, started_at=trip.started_at, ended_at=trip.ended_at
    )
    for seat in seats:
        track = _part(trace, seat.joined_at)
        if track is not None:
            service.keep_track(
                session, seat, account_id=trip.account_id, trip_id=trip.id, track=pack(track)
            )
    return len(seats)


def decide_next(session: Session, *, now: datetime) -> SharedSeat | None:
    """Compare the recordings of the oldest complete ride; `None` when none is complete.

    Raises:
        UnavailableError: The chain has not handed out an incarnation yet; the ride waits.
    Effects: the seat is decided, both tracks are gone; a proved ride is two pending claims.
    """
    incarnation = action_queries.current_incarnation(session)
    if incarnation is None:
        raise UnavailableError("issuance", "The service is starting; the ride waits.")
    seat = queries.next_complete(session)
    if seat is None:
        return None
    # Both people's other rides are looked at; two verdicts about one person follow each other.
    for person in sorted((seat.driver_id, seat.passenger_id)):
        trip_queries.lock_trips_of(session, person)
    trips = [
        trip_queries.get(session, ref or "")
        for ref in (seat.driver_trip_id, seat.passenger_trip_id)
    ]
    shared = stretch_together(_trace(seat.driver_track), _trace(seat.passenger_track))
    labels = _labels(session, seat, [trip for trip in trips if trip is not None], shared, now)
    stretch = _stretch(shared)
    service.decide(session, seat, labels=_stored(labels), stretch=stretch, at=now)
    if seat.state == SeatState.PROVED:
        for person, role in ((seat.driver_id, "driver"), (seat.passenger_id, "passenger")):
            submission = _submission(seat, person, role)
            actions.submit(session, submission, incarnation=incarnation, at=now)
    return seat


def give_up(session: Session, *, now: datetime) -> int:
    """Refuse rides of which a recording never came, and forget the other one."""
    found = queries.overdue(
        session, before=now - rules.WAIT_FOR_RECORDINGS - rules.OPEN_FOR, limit=GIVEN_UP_AT_ONCE
    )
    for seat in found:
        missing = [
            role
            for role, trip in (
                ("driver", seat.driver_trip_id),
                ("passenger", seat.passenger_trip_id),
            )
            if trip is None
        ]
        label = {"code": "recording_missing", "because_of": missing}
        service.decide(session, seat, labels=[label], stretch=None, at=now)
    return len(found)


def signs(session: Session, claim: Claim) -> tuple[Reason, ...]:
    """Return what makes a claim doubtful in the light of shared rides; a person looks then.

    A ticket, when its holder was proved to sit in a car at that time; a shared ride, when its
    people drive each other in turns or form a busy closed group.
    """
    if claim.kind == KIND:
        return _ring_signs(session, claim)
    if claim.kind != "ticket":
        return ()
    facts = claim.evidence["facts"]
    start, end = (datetime.fromisoformat(facts[name]) for name in ("started_at", "ended_at"))
    seats = queries.of_account(session, claim.account_id)
    return tuple(
        Reason("rode_along_then", {"ride": seat.ride_id})
        for seat in seats
        if seat.state == SeatState.PROVED
        and seat.started_at is not None
        and seat.ended_at is not None
        and _is_same_time(seat.started_at, seat.ended_at, start, end)
    )[:1]


def _ring_signs(session: Session, claim: Claim) -> tuple[Reason, ...]:
    person = claim.account_id
    seats = queries.circle(session, person, since=claim.occurred_at - HABITS)
    trips = [
        SharedTrip(
            seat.driver_id,
            seat.passenger_id,
            started,
            started.astimezone(checks.PARIS).date(),
        )
        for seat in seats
        for started in [seat.started_at or seat.joined_at]
    ]
    for ring in rings(trips):
        if person in ring.people:
            facts = {"people": len(ring.people), "trips_a_day": ring.busiest_per_day}
            return (Reason("rides_in_a_ring", facts | {"turns": ring.swaps}),)
    turns = max((days for pair, days in role_swaps(trips).items() if person in pair), default=0)
    if turns >= PAIR_SWAPS_MIN:
        return (Reason("rides_in_turns", {"days": turns}),)
    return ()


def _labels(
    session: Session,
    seat: SharedSeat,
    trips: Sequence[Trip],
    shared: Together | None,
    now: datetime,
) -> list[Label]:
    if any(
        trip.finding.get("verdict") != "accepted" or trip.finding.get("signs") for trip in trips
    ):
        # Which sign gave a recording away is not told.
        return [Label("recording_doubtful", seat.ride_id)]
    labels = ride_labels(seat.ride_id, shared, [trip.finding.get("legs", []) for trip in trips])
    if shared is None:
        return labels
    received = max((trip.received_at for trip in trips), default=now)
    this = _as_trip(seat, shared, received)
    others = [_known_trip(one) for one in queries.around(session, seat)]
    labels += [
        one for one in checks.arrival_labels(this, others) if one.code != "distance_too_short"
    ]
    clashes = checks.overlap_labels([this, *others])
    labels += [one for one in clashes if one.trip_id == this.trip_id]
    labels += [
        Label("paid_elsewhere", seat.ride_id, (ticket.reference,))
        for person in (seat.driver_id, seat.passenger_id)
        for ticket in attested_trips(session, person)
        if _is_same_time(this.started_at, this.ended_at, ticket.started_at, ticket.ended_at)
    ]
    return labels


def _is_same_time(start: datetime, end: datetime, other: datetime, other_end: datetime) -> bool:
    common = min(end, other_end) - max(start, other)
    shorter = max(min(end - start, other_end - other), timedelta(seconds=1))
    return common > checks.OVERLAP_MIN and common / shorter > checks.OVERLAP_SHARE


def _as_trip(seat: SharedSeat, shared: Together, received_at: datetime) -> CarpoolTrip:
    return CarpoolTrip(
        trip_id=seat.ride_id,
        operator=LOCAL,
        driver=seat.driver_id,
        passenger=seat.passenger_id,
        started_at=datetime.fromtimestamp(shared.start_t, UTC),
        ended_at=datetime.fromtimestamp(shared.end_t, UTC),
        received_at=received_at,
        distance_m=shared.distance_m,
    )


def _known_trip(seat: SharedSeat) -> CarpoolTrip:
    return CarpoolTrip(
        trip_id=seat.ride_id,
        operator=LOCAL,
        driver=seat.driver_id,
        passenger=seat.passenger_id,
        started_at=seat.started_at or seat.joined_at,
        ended_at=seat.ended_at or seat.joined_at,
        received_at=seat.decided_at or seat.joined_at,
        distance_m=seat.distance_m or 0,
        status=TripStatus.OK,
    )


def _stretch(shared: Together | None) -> service.Stretch | None:
    if shared is None:
        return None
    start, end = (datetime.fromtimestamp(t, UTC) for t in (shared.start_t, shared.end_t))
    return service.Stretch(start, end, shared.distance_m)


def _submission(seat: SharedSeat, account_id: str, role: str) -> actions.Submission:
    ended_at = seat.ended_at or seat.joined_at
    started_at = seat.started_at or seat.joined_at
    facts = {
        "ride": seat.ride_id,
        "role": role,
        "mode": "carpool",
        "distance_m": seat.distance_m,
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
    }
    return actions.Submission(
        account_id=account_id,
        idempotency_key=f"ride-{seat.id}-{role}",
        body_hash=f"ride:{seat.id}:{role}",
        code="",
        evidence=Evidence(KIND, f"ride:{seat.id}:{role}", 0, ended_at, facts),
        refusal_code=None,
    )


def _part(trace: Trace, joined_at: datetime) -> Trace | None:
    """Return the clean, thinned part of a recording that can be of a ride, if there is one."""
    joined_t = joined_at.timestamp()
    first_t = joined_t - rules.BEFORE.total_seconds()
    part = clean(trace).trace.between(first_t, joined_t + rules.OPEN_FOR.total_seconds())
    if len(part) < MIN_POINTS:
        return None
    slots = (part.t // FINEST_S).astype("int64")
    kept = [True, *(slots[1:] != slots[:-1]).tolist()]
    return part.take(np.array(kept))


def _trace(track: list[list[int | None]] | None) -> Trace:
    return unpack("ride", track or [])


def _stored(labels: Iterable[Label]) -> list[dict[str, Any]]:
    return [{"code": one.code, "because_of": list(one.because_of)} for one in labels]
