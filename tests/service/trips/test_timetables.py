"""A stored timetable names the line of a bus leg; a match alone pays nothing."""

import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.db.engine import Database
from backend.trips import service as trips
from backend.workflows import timetables
from backend.workflows.admit_validations import Validation
from backend.workflows.admit_validations import admit as admit_validations
from tests.support import builders, rides, travel
from tests.support.clock import FrozenClock

PARIS = ZoneInfo("Europe/Paris")


def bus_leg(clock: FrozenClock) -> list[rides.Row]:
    """Return the points of the recording's bus leg, which is labelled by hand."""
    points = rides.rows(rides.BUS, ended_at=clock.now())
    labels = rides.labels(rides.BUS, ended_at=clock.now())
    start, end = next((start, end) for mode, start, end in labels if mode == "bus")
    return [point for point in points if start <= point[0] <= end]


def time_of(point: rides.Row) -> str:
    at = datetime.fromtimestamp(point[0], PARIS)
    return f"{at.hour}:{at.minute:02}:{at.second:02}"


def write_feed(path: Path, calls: list[rides.Row], *, day: datetime) -> None:
    """Write a timetable with one run, which calls where and when the recording was."""
    stops = [f"s{n},Arrêt {n},{p[1]},{p[2]}" for n, p in enumerate(calls)]
    times = [f"run,s{n},{n},{time_of(p)},{time_of(p)}" for n, p in enumerate(calls)]
    date = day.astimezone(PARIS).strftime("%Y%m%d")
    tables = {
        "agency.txt": ["agency_name,agency_url,agency_timezone", "RTM,https://x,Europe/Paris"],
        "stops.txt": ["stop_id,stop_name,stop_lat,stop_lon", *stops],
        "routes.txt": ["route_id,route_short_name,route_type", "r35,35,3"],
        "trips.txt": ["trip_id,route_id,service_id", "run,r35,today"],
        "stop_times.txt": ["trip_id,stop_id,stop_sequence,arrival_time,departure_time", *times],
        "calendar_dates.txt": ["service_id,date,exception_type", f"today,{date},1"],
        "shapes.txt": ["shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence", "x,1,1,1"],
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, lines in tables.items():
            archive.writestr(name, "\n".join(lines))


@pytest.fixture
def line_35(database: Database, clock: FrozenClock, tmp_path: Path) -> Database:
    """A city whose line 35 ran as the recording did."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    leg = bus_leg(clock)
    # From the leg that the pipeline sees, not from its label: both ends must lie at stops.
    calls = [leg[at * (len(leg) - 1) // 12] for at in range(13)]
    write_feed(tmp_path / "feed.zip", calls, day=clock.now())
    feed = timetables.read(tmp_path / "feed.zip", name="rtm", now=clock.now())
    assert (feed.stops, feed.routes, feed.runs, feed.time_zone) == (13, 1, 1, "Europe/Paris")
    assert feed.valid_to == clock.now().astimezone(PARIS).date()
    with database.transaction() as session:
        timetables.put_in_use(session, feed)
    return database


def test_a_bus_leg_says_its_line_and_stops_and_earns_nothing(
    line_35: Database, clock: FrozenClock
) -> None:
    trip, outcome = travel.travel(line_35, clock, "alice", ended_at=clock.now(), name=rides.BUS)

    (bus,) = [leg for leg in trip.finding["legs"] if leg["mode"] == "bus"]
    assert (bus["line"], bus["factor"], bus["proof_level"]) == ("35", "bus.diesel", "P0")
    assert bus["board"] != bus["alight"]
    assert abs(bus["late_s"]) < 900
    assert (outcome.units, trip.finding["co2_avoided_g"]) == (0, 0)


def test_a_ticket_makes_the_line_count(line_35: Database, clock: FrozenClock) -> None:
    operator = builders.make_operator(line_35, clock)
    leg = bus_leg(clock)
    with line_35.transaction() as session:
        word = trips.link(session, "alice", at=clock.now()).code
        start, end = (datetime.fromtimestamp(leg[at][0], PARIS) for at in (0, -1))
        ticket = Validation(word, "V-1", "bus", 17_000, start, end)
        admit_validations(session, operator.number, [ticket], now=clock.now())
    travel.decide(line_35, clock)

    trip, _ = travel.travel(line_35, clock, "alice", ended_at=clock.now(), name=rides.BUS)

    (bus,) = [leg for leg in trip.finding["legs"] if leg["mode"] == "bus"]
    assert (bus["line"], bus["proof_level"]) == ("35", "P3")
    assert bus["co2_avoided_g"] == trip.finding["co2_avoided_g"] > 0
