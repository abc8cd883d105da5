"""Read a GTFS feed with the standard library, within bounds: no bomb, no endless table.

Only what matching needs is kept: stops, routes, trips with times, days of service.
"""

import csv
import io
import shutil
import zipfile
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from backend.mobility.errors import FeedInvalidError

MAX_UNPACKED_BYTES = 1_500_000_000
MAX_RATIO = 200
MAX_ROWS = 12_000_000
"""The largest feeds of French regions hold about eight million stop times."""
REQUIRED = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
ADDED, REMOVED = "1", "2"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Stop:
    """A place where vehicles halt, in degrees."""

    stop_id: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Route:
    """A line; `route_type` is GTFS's (0 tram, 1 metro, 2 rail, 3 bus…)."""

    route_id: str
    name: str
    route_type: int


@dataclass(slots=True)
class ScheduledTrip:
    """One run of a vehicle, its halts in order.

    Attributes:
        stops: Positions in the feed's list of stops.
        arrivals_s: Seconds after the start of the day of service; may pass 24 h.
        departures_s: The same, of leaving; -1 at either means untimed.
        headways: (start, end, every) in seconds when the trip repeats by frequency.
    """

    trip_id: str
    route_id: str
    service_id: str
    stops: "array[int]" = field(default_factory=lambda: array("l"))
    arrivals_s: "array[int]" = field(default_factory=lambda: array("l"))
    departures_s: "array[int]" = field(default_factory=lambda: array("l"))
    headways: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Feed:
    """A timetable in memory."""

    stops: tuple[Stop, ...]
    routes: dict[str, Route]
    trips: dict[str, ScheduledTrip]
    calendar: dict[str, tuple[str, date, date]]
    exceptions: dict[tuple[str, date], str]

    def runs_on(self, service_id: str, day: date) -> bool:
        """Tell whether a service runs on a day, exceptions included."""
        exception = self.exceptions.get((service_id, day))
        if exception is not None:
            return exception == ADDED
        known = self.calendar.get(service_id)
        if known is None:
            return False
        pattern, first, last = known
        return first <= day <= last and pattern[day.weekday()] == "1"


KEPT_TABLES = (*REQUIRED, "calendar.txt", "calendar_dates.txt", "frequencies.txt", "agency.txt")
"""What matching reads; shapes and fares are left out of what is stored."""


def read_feed(source: Path | BinaryIO) -> Feed:
    """Read a zipped feed from a file or from an open one.

    Raises:
        FeedInvalidError: No zip, a required table is missing, a bound is broken, or a row
            cannot be read; the error names the table and the row.
    """
    try:
        with _opened(source) as file, zipfile.ZipFile(file) as archive:
            return _Reader(archive).read()
    except zipfile.BadZipFile as error:
        raise FeedInvalidError("not_a_zip", "A GTFS feed is a zip archive.") from error


def time_zone_of(source: Path | BinaryIO) -> str | None:
    """Return the zone of a feed's times (`agency_timezone`), `None` when it does not say.

    Raises:
        FeedInvalidError: As `read_feed`.
    """
    try:
        with _opened(source) as file, zipfile.ZipFile(file) as archive:
            return _Reader(archive).time_zone()
    except zipfile.BadZipFile as error:
        raise FeedInvalidError("not_a_zip", "A GTFS feed is a zip archive.") from error


def slim(source: Path | BinaryIO) -> bytes:
    """Return the archive with the tables that matching reads, and no other."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(source) as archive,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for info in archive.infolist():
            name = Path(info.filename).name
            if name in KEPT_TABLES:
                with archive.open(info) as table, out.open(name, "w", force_zip64=True) as copy:
                    shutil.copyfileobj(table, copy)
    return made.getvalue()


def last_day(feed: Feed) -> date | None:
    """Return the last day on which a service of the feed runs."""
    days = [last for _, _, last in feed.calendar.values()]
    days += [day for (_, day), change in feed.exceptions.items() if change == ADDED]
    return max(days, default=None)


def seconds_of_day(text: str) -> int:
    """Read H:MM:SS, which may pass 24 hours; empty means untimed (-1).

    Raises:
        ValueError: Not of that form.
    """
    if not text.strip():
        return -1
    hours, minutes, seconds = (int(part) for part in text.strip().split(":"))
    return hours * 3600 + minutes * 60 + seconds


@contextmanager
def _opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Give an open file; what was open before stays open."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


class _Reader:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._row = ("", 0)
        self._names = {Path(info.filename).name: info for info in archive.infolist()}
        missing = [name for name in REQUIRED if name not in self._names]
        if missing:
            raise FeedInvalidError("without_table", f"The feed lacks {', '.join(missing)}.")
        unpacked = sum(info.file_size for info in archive.infolist())
        packed = max(sum(info.compress_size for info in archive.infolist()), 1)
        if unpacked > MAX_UNPACKED_BYTES or unpacked > MAX_RATIO * packed:
            raise FeedInvalidError("too_large", "The feed unpacks to more than a feed can hold.")

    def read(self) -> Feed:
        """Read all tables.

        Raises:
            FeedInvalidError: A row cannot be read; its table and number are named.
        """
        try:
            return self._read()
        except (ValueError, KeyError, IndexError, AttributeError, csv.Error) as error:
            table, number = self._row
            raise FeedInvalidError(
                "malformed_row", f"{table} cannot be read.", path=f"{table}:{number}"
            ) from error

    def time_zone(self) -> str | None:
        """Return the first agency's zone."""
        return next(
            (row["agency_timezone"] for row in self._rows("agency.txt", "agency_timezone")), None
        )

    def _read(self) -> Feed:
        stops = tuple(
            Stop(row["stop_id"], row.get("stop_name", ""), lat, lon)
            for row, lat, lon in self._places()
        )
        index = {stop.stop_id: at for at, stop in enumerate(stops)}
        routes = {
            row["route_id"]: Route(
                row["route_id"],
                row.get("route_short_name") or row.get("route_long_name") or row["route_id"],
                int(row["route_type"]),
            )
            for row in self._rows("routes.txt", "route_id", "route_type")
        }
        trips = {
            row["trip_id"]: ScheduledTrip(row["trip_id"], row["route_id"], row["service_id"])
            for row in self._rows("trips.txt", "trip_id", "route_id", "service_id")
            if row["route_id"] in routes
        }
        self._fill(trips, index)
        self._repeat(trips)
        return Feed(stops, routes, trips, self._calendar(), self._exceptions())

    def _places(self) -> Iterator[tuple[dict[str, str], float, float]]:
        for row in self._rows("stops.txt", "stop_id"):
            # Entrances and generic nodes may have no position of their own.
            if row.get("stop_lat", "").strip() and row.get("stop_lon", "").strip():
                yield row, float(row["stop_lat"]), float(row["stop_lon"])

    def _fill(self, trips: dict[str, ScheduledTrip], index: dict[str, int]) -> None:
        # Straight into arrays: as tuples, the million halts of a metropolis take 400 MB.
        places: dict[str, array[int]] = {}
        for row in self._rows("stop_times.txt", "trip_id", "stop_id", "stop_sequence"):
            trip, stop = trips.get(row["trip_id"]), index.get(row["stop_id"])
            if trip is None or stop is None:
                continue
            places.setdefault(trip.trip_id, array("l")).append(int(row["stop_sequence"]))
            trip.stops.append(stop)
            trip.arrivals_s.append(seconds_of_day(row.get("arrival_time", "")))
            trip.departures_s.append(seconds_of_day(row.get("departure_time", "")))
        for trip_id, sequence in places.items():
            if any(later < earlier for earlier, later in pairwise(sequence)):
                _put_in_order(trips[trip_id], sequence)

    def _repeat(self, trips: dict[str, ScheduledTrip]) -> None:
        for row in self._rows("frequencies.txt", "trip_id", "start_time", "end_time"):
            every = int(row["headway_secs"])
            if row["trip_id"] in trips and every > 0:
                span = (seconds_of_day(row["start_time"]), seconds_of_day(row["end_time"]), every)
                trips[row["trip_id"]].headways.append(span)

    def _calendar(self) -> dict[str, tuple[str, date, date]]:
        return {
            row["service_id"]: (
                "".join(row[day].strip() for day in _WEEKDAYS),
                _day(row["start_date"]),
                _day(row["end_date"]),
            )
            for row in self._rows("calendar.txt", "service_id", *_WEEKDAYS)
        }

    def _exceptions(self) -> dict[tuple[str, date], str]:
        return {
            (row["service_id"], _day(row["date"])): row["exception_type"].strip()
            for row in self._rows("calendar_dates.txt", "service_id", "date", "exception_type")
        }

    def _rows(self, table: str, *required: str) -> Iterator[dict[str, str]]:
        """Yield the rows of a table; none when an optional table is absent."""
        info = self._names.get(table)
        if info is None:
            return
        with self._archive.open(info) as raw:
            reader = csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig", newline=""))
            missing = [name for name in required if name not in (reader.fieldnames or ())]
            if missing:
                raise FeedInvalidError("without_column", f"{table} lacks {', '.join(missing)}.")
            self._row = (table, 1)
            for number, row in enumerate(reader, start=2):
                if number > MAX_ROWS:
                    raise FeedInvalidError("too_large", f"{table} holds too many rows.")
                self._row = (table, number)
                yield {key: value or "" for key, value in row.items() if key}


def _put_in_order(trip: ScheduledTrip, sequence: "array[int]") -> None:
    order = sorted(range(len(sequence)), key=sequence.__getitem__)
    for name in ("stops", "arrivals_s", "departures_s"):
        column = getattr(trip, name)
        setattr(trip, name, array("l", (column[at] for at in order)))


def _day(text: str) -> date:
    digits = text.strip()
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def day_before(day: date) -> date:
    """Return the day before, whose late services still run after midnight."""
    return day - timedelta(days=1)
