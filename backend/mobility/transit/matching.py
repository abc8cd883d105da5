"""Match a leg of a trace to a run of a timetable by stops, order, time and the way between.

A match corroborates a ticket and explains a bus that poses as carpool; alone it pays nothing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from backend.mobility.geometry import haversine_m, to_plane
from backend.mobility.trace import FloatArray, Trace
from backend.mobility.transit.reader import Feed, ScheduledTrip, day_before

STOP_RADIUS_M = 150.0
"""Source: e-mission-server, transit section matching within 150 m of both ends."""
EARLY_S, LATE_S = 180, 900
"""How far from its timetable a vehicle may be: buses leave up to 3 minutes early here and are
late by a quarter of an hour at worst in the matched direction."""
VIA_RADIUS_M = 120.0
VIA_SHARE_MIN = 0.7
TRAM, METRO, RAIL, BUS = 0, 1, 2, 3
_RAIL_TYPES = frozenset({0, 1, 2, 5, 7, 12})
_FACTOR_OF_TYPE = {TRAM: "tram", METRO: "metro", RAIL: "train.ter", BUS: "bus.diesel"}


@dataclass(frozen=True, slots=True)
class TransitMatch:
    """The run that fits a leg best.

    Attributes:
        route_id: Line.
        route_name: As passengers know it.
        mode: bus or rail.
        factor_code: Emission factor of that kind of vehicle.
        trip_id: Run.
        board: Name of the stop where the leg began.
        alight: Name of the stop where it ended.
        late_s: How much later than planned the leg left; negative is early.
        via_share: Share of the stops between that the trace passed.
    """

    route_id: str
    route_name: str
    mode: str
    factor_code: str
    trip_id: str
    board: str
    alight: str
    late_s: int
    via_share: float


class TransitMatcher:
    """A feed made ready for many matches.

    Args:
        feed: The timetable.
        zone: The zone of its agency; GTFS times are local.
    """

    def __init__(self, feed: Feed, zone: ZoneInfo) -> None:
        self._feed = feed
        self._zone = zone
        self._lat = np.array([stop.lat for stop in feed.stops])
        self._lon = np.array([stop.lon for stop in feed.stops])
        self._trips_at: dict[int, list[ScheduledTrip]] = {}
        for trip in feed.trips.values():
            for stop in set(trip.stops):
                self._trips_at.setdefault(stop, []).append(trip)

    def match(self, leg: Trace) -> TransitMatch | None:
        """Return the run that a clean leg fits best, or `None`.

        A run fits when it halts near both ends of the leg in that order, at about these
        times on that day, and the trace passes most of the stops between.
        """
        boards = self._near(leg.lat[0], leg.lon[0])
        alights = set(self._near(leg.lat[-1], leg.lon[-1]))
        if not boards or not alights:
            return None
        started = datetime.fromtimestamp(float(leg.t[0]), tz=UTC)
        ended = datetime.fromtimestamp(float(leg.t[-1]), tz=UTC)
        found = [
            match
            for trip in self._runs_at(boards)
            for match in self._fits(trip, (set(boards), alights), (started, ended), leg)
        ]
        return max(found, key=lambda one: (one.via_share, -abs(one.late_s)), default=None)

    def _near(self, lat: float, lon: float) -> list[int]:
        if not len(self._lat):
            return []
        here_lat, here_lon = np.full_like(self._lat, lat), np.full_like(self._lon, lon)
        distances = haversine_m(self._lat, self._lon, here_lat, here_lon)
        return [int(at) for at in np.flatnonzero(distances <= STOP_RADIUS_M)]

    def _runs_at(self, stops: list[int]) -> list[ScheduledTrip]:
        runs = {trip.trip_id: trip for stop in stops for trip in self._trips_at.get(stop, [])}
        return list(runs.values())

    def _fits(
        self,
        trip: ScheduledTrip,
        ends: tuple[set[int], set[int]],
        times: tuple[datetime, datetime],
        leg: Trace,
    ) -> list[TransitMatch]:
        span = _span(trip, *ends)
        if span is None:
            return []
        first, last = span
        late = self._lateness(trip, first, last, times)
        if late is None:
            return []
        share = self._via_share(trip, first, last, leg)
        if share < VIA_SHARE_MIN:
            return []
        route = self._feed.routes[trip.route_id]
        return [
            TransitMatch(
                route_id=route.route_id,
                route_name=route.name,
                mode="rail" if route.route_type in _RAIL_TYPES else "bus",
                factor_code=_FACTOR_OF_TYPE.get(route.route_type, "bus.diesel"),
                trip_id=trip.trip_id,
                board=self._feed.stops[trip.stops[first]].name,
                alight=self._feed.stops[trip.stops[last]].name,
                late_s=late,
                via_share=share,
            )
        ]

    def _lateness(
        self, trip: ScheduledTrip, first: int, last: int, times: tuple[datetime, datetime]
    ) -> int | None:
        """Return how late the leg left, if it left and arrived within bounds on a day of service.

        A day of service counts from noon minus twelve hours, which differs from midnight on
        the two days when clocks change (GTFS reference, field type Time).
        """
        started, ended = times
        local_day = started.astimezone(self._zone).date()
        fitting = []
        for day in (local_day, day_before(local_day)):
            if not self._feed.runs_on(trip.service_id, day):
                continue
            zero = _service_zero(day, self._zone)
            left, arrived = (int((moment - zero).total_seconds()) for moment in (started, ended))
            for plan_left, plan_arrived in _plans(trip, first, last):
                late_in, late_out = left - plan_left, arrived - plan_arrived
                if -EARLY_S <= late_in <= LATE_S and -EARLY_S <= late_out <= LATE_S:
                    fitting.append(late_in)
        return min(fitting, key=abs, default=None)

    def _via_share(self, trip: ScheduledTrip, first: int, last: int, leg: Trace) -> float:
        between = [trip.stops[at] for at in range(first + 1, last)]
        if not between:
            return 1.0
        lat0, lon0 = float(leg.lat.mean()), float(leg.lon[0])
        x, y = to_plane(leg.lat, leg.lon, lat0=lat0, lon0=lon0)
        sx, sy = to_plane(self._lat[between], self._lon[between], lat0=lat0, lon0=lon0)
        passed = [
            _distance_to_path_m(px, py, x, y) <= VIA_RADIUS_M for px, py in zip(sx, sy, strict=True)
        ]
        return float(np.mean(passed))


def _span(trip: ScheduledTrip, boards: set[int], alights: set[int]) -> tuple[int, int] | None:
    """Return the last boarding before the first alighting that follows it."""
    first = next((at for at, stop in enumerate(trip.stops) if stop in boards), None)
    if first is None:
        return None
    later = range(first + 1, len(trip.stops))
    last = next((at for at in later if trip.stops[at] in alights), None)
    if last is None:
        return None
    nearest = [at for at in range(first, last) if trip.stops[at] in boards]
    return nearest[-1], last


def _plans(trip: ScheduledTrip, first: int, last: int) -> list[tuple[int, int]]:
    left, arrived = trip.departures_s[first], trip.arrivals_s[last]
    if left < 0 or arrived < 0:
        return []
    if not trip.headways:
        return [(left, arrived)]
    origin = trip.departures_s[0]
    return [
        (left - origin + begin, arrived - origin + begin)
        for start, end, every in trip.headways
        for begin in range(start, end, every)
    ]


def _service_zero(day: date, zone: ZoneInfo) -> datetime:
    """Return the UTC instant from which the hours of a day of service count."""
    # In UTC: Python subtracts wall clocks when both sides share a zone.
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
    return noon - timedelta(hours=12)


def _distance_to_path_m(px: float, py: float, x: FloatArray, y: FloatArray) -> float:
    """Return the distance from a place to the nearest stretch of a path."""
    dx, dy = np.diff(x), np.diff(y)
    squared = np.maximum(dx * dx + dy * dy, 1e-9)
    share = np.clip(((px - x[:-1]) * dx + (py - y[:-1]) * dy) / squared, 0.0, 1.0)
    return float(np.hypot(x[:-1] + share * dx - px, y[:-1] + share * dy - py).min())
