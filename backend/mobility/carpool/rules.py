"""The register's checks as pure functions over trips; each names the label that it gives."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from backend.mobility.carpool.trips import CarpoolTrip, gap, overlap
from backend.mobility.transit.matching import TransitMatch

LATE_AFTER = timedelta(hours=24)
DISTANCE_MIN_M = 2_000
TRIPS_PER_DAY = 4
TOO_CLOSE = timedelta(minutes=30)
OVERLAP_MIN = timedelta(seconds=20)
OVERLAP_SHARE = 0.7
SHORTEST_M = 300
SHORTEST_S = 60
ROUTE_DURATION_RATIO, DECLARED_DURATION_RATIO = 2.5, 7.0
ROUTE_DISTANCE_RATIO, DECLARED_DISTANCE_RATIO = 2.5, 4.0
"""Source of all: preuve-covoiturage, CarpoolAcquisitionService and anomaly notebooks."""
PARIS = ZoneInfo("Europe/Paris")
"""Days are local. The register's keys follow the zone of the process."""


@dataclass(frozen=True, slots=True)
class Label:
    """One finding against a trip.

    Attributes:
        code: The register's name for it.
        trip_id: The trip found.
        because_of: Other trips that make it so.
    """

    code: str
    trip_id: str
    because_of: tuple[str, ...] = ()


def arrival_labels(
    trip: CarpoolTrip, earlier: Iterable[CarpoolTrip], *, zone: ZoneInfo = PARIS
) -> list[Label]:
    """Check a trip when it arrives.

    Args:
        earlier: Trips of its operator that are known already, of any status.
        zone: Where a day begins at midnight.
    """
    others = [
        one
        for one in earlier
        if one.is_counted and one.operator == trip.operator and one.trip_id != trip.trip_id
    ]
    labels = []
    if trip.received_at - trip.started_at > LATE_AFTER:
        labels.append(Label("expired", trip.trip_id))
    if trip.distance_m < DISTANCE_MIN_M:
        labels.append(Label("distance_too_short", trip.trip_id))
    if any(len(_same_day(trip, person, others, zone)) >= TRIPS_PER_DAY for person in trip.people):
        labels.append(Label("too_many_trips_by_day", trip.trip_id))
    near = _ids(one for one in others if one.people == trip.people and gap(one, trip) <= TOO_CLOSE)
    if near:
        labels.append(Label("too_close_trips", trip.trip_id, near))
    return labels


def plausibility_labels(trip: CarpoolTrip) -> list[Label]:
    """Compare what was declared with itself and with the road."""
    return [Label("distance_duration_anomaly", trip.trip_id)] if _is_implausible(trip) else []


def overlap_labels(trips: Sequence[CarpoolTrip]) -> list[Label]:
    """Find people who travel twice at once with one operator; the first trip is kept.

    The share is of the shorter of two trips, so that one inside another is found too.
    """
    labels = []
    for later, others in _with_earlier(trips):
        clashing = _ids(
            one
            for one in others
            if one.operator == later.operator
            and not one.people.isdisjoint(later.people)
            and one.trip_id != later.trip_id
            and _overlaps(one, later)
        )
        if clashing:
            labels.append(Label("temporal_overlap_anomaly", later.trip_id, clashing))
    return labels


def between_operator_labels(trips: Sequence[CarpoolTrip], *, zone: ZoneInfo = PARIS) -> list[Label]:
    """Find one trip, or one day, sold to several operators; what came first is kept.

    A driver with different passengers at different operators at once is allowed.
    """
    labels = []
    for later, others in _with_earlier(trips):
        elsewhere = [one for one in others if one.operator != later.operator]
        same_pair = [one for one in elsewhere if one.people == later.people]
        twice = _ids(one for one in same_pair if overlap(one, later) > OVERLAP_MIN)
        if twice:
            labels.append(Label("interoperator_overlap_trip", later.trip_id, twice))
        close = _ids(one for one in same_pair if timedelta(0) < gap(one, later) <= TOO_CLOSE)
        if close:
            labels.append(Label("interoperator_too_close_trips", later.trip_id, close))
        for person in sorted(later.people):
            day = _same_day(later, person, others, zone)
            operators = {one.operator for one in others if one.trip_id in day} | {later.operator}
            if len(day - {later.trip_id}) >= TRIPS_PER_DAY and len(operators) > 1:
                labels.append(Label("interoperator_too_many_trips_by_day", later.trip_id))
                break
    return labels


def transit_labels(trip: CarpoolTrip, match: TransitMatch | None) -> list[Label]:
    """Find a carpool trip that keeps to the stops and times of a line: two phones in a bus."""
    return [Label("follows_transit_line", trip.trip_id, (match.trip_id,))] if match else []


def _is_implausible(trip: CarpoolTrip) -> bool:
    distances = [trip.distance_m, trip.route_distance_m]
    durations = [trip.duration_s, trip.route_duration_s]
    if any(one is not None and one < SHORTEST_M for one in distances):
        return True
    if any(one is not None and one < SHORTEST_S for one in durations):
        return True
    return _is_off(
        trip.route_duration_s, trip.duration_s, ROUTE_DURATION_RATIO, DECLARED_DURATION_RATIO
    ) or _is_off(
        trip.route_distance_m, trip.distance_m, ROUTE_DISTANCE_RATIO, DECLARED_DISTANCE_RATIO
    )


def _is_off(route: float | None, declared: float, above: float, below: float) -> bool:
    return route is not None and (route > above * declared or declared > below * route)


def _overlaps(one: CarpoolTrip, other: CarpoolTrip) -> bool:
    shared = overlap(one, other)
    shorter_s = max(min(one.duration_s, other.duration_s), 1.0)
    return shared > OVERLAP_MIN and shared.total_seconds() / shorter_s > OVERLAP_SHARE


def _same_day(
    trip: CarpoolTrip, person: str, others: Iterable[CarpoolTrip], zone: ZoneInfo
) -> set[str]:
    day = trip.day(zone)
    return {one.trip_id for one in others if person in one.people and one.day(zone) == day}


def _with_earlier(
    trips: Sequence[CarpoolTrip],
) -> Iterable[tuple[CarpoolTrip, list[CarpoolTrip]]]:
    """Yield each counted trip with those that started before it and share a person."""
    known: defaultdict[str, list[CarpoolTrip]] = defaultdict(list)
    for trip in sorted(trips, key=lambda one: (one.started_at, one.received_at, one.trip_id)):
        if not trip.is_counted:
            continue
        earlier = {
            (one.operator, one.trip_id, one.passenger): one
            for person in trip.people
            for one in known[person]
        }
        yield trip, list(earlier.values())
        for person in trip.people:
            known[person].append(trip)


def _ids(trips: Iterable[CarpoolTrip]) -> tuple[str, ...]:
    return tuple(sorted({trip.trip_id for trip in trips}))
