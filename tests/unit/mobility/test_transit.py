import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from backend.mobility.carpool.rules import transit_labels
from backend.mobility.errors import FeedInvalidError
from backend.mobility.trace import FloatArray, Trace
from backend.mobility.transit.matching import TransitMatch, TransitMatcher
from backend.mobility.transit.reader import read_feed, seconds_of_day
from tests.unit.mobility.support import DATA
from tests.unit.mobility.test_carpool import trip

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 7, 7, 8, 0, tzinfo=PARIS)
STOPS = [(43.30 + n * 0.005, 5.37) for n in range(5)]

TABLES = {
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon\n"
    + "".join(f"s{n},Stop {n},{lat},{lon}\n" for n, (lat, lon) in enumerate(STOPS)),
    "routes.txt": "route_id,route_short_name,route_type\nr1,21,3\nr2,T1,0\n",
    "trips.txt": "route_id,service_id,trip_id\nr1,week,bus0800\nr2,late,tram2430\nr1,week,freq\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    + "".join(f"bus0800,8:{3 * n:02d}:00,8:{3 * n:02d}:00,s{n},{n}\n" for n in range(5))
    + "".join(f"tram2430,24:{30 + 3 * n}:00,24:{30 + 3 * n}:00,s{n},{n}\n" for n in range(5))
    + "".join(f"freq,0:{3 * n:02d}:00,0:{3 * n:02d}:00,s{n},{n}\n" for n in range(5)),
    "frequencies.txt": "trip_id,start_time,end_time,headway_secs\nfreq,14:00:00,16:00:00,600\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,"
    "start_date,end_date\nweek,1,1,1,1,1,0,0,20260101,20261231\n",
    "calendar_dates.txt": "service_id,date,exception_type\nlate,20260707,1\nweek,20260714,2\n",
}


def feed(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "feed.zip"
    tables = {name: text for name, text in (TABLES | changes).items() if text is not None}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            archive.writestr(name, text)
    return path


def ride(
    start: datetime, first: int = 0, last: int = 4, *, detour: float = 0.0, pace: float = 1.0
) -> Trace:
    """Follow the line from one stop to another, three minutes from stop to stop."""
    span = abs(last - first)
    at: FloatArray = np.linspace(first, last, 18 * span + 1)
    t = np.asarray(start.timestamp() + np.arange(len(at)) * 10.0 * pace, dtype=np.float64)
    unknown = np.full(len(at), np.nan)
    bow = detour * np.sin(np.linspace(0, np.pi, len(at)))
    return Trace("ride", t, 43.30 + at * 0.005, 5.37 + bow, unknown, unknown, unknown)


def fit(matcher: TransitMatcher, leg: Trace) -> TransitMatch:
    """Match a leg that has to fit."""
    match = matcher.match(leg)
    assert match is not None
    return match


@pytest.fixture
def matcher(tmp_path: Path) -> TransitMatcher:
    return TransitMatcher(read_feed(feed(tmp_path)), PARIS)


def test_reads_the_published_sample_feed() -> None:
    sample = read_feed(DATA / "gtfs" / "sample_gtfs.zip")

    assert len(sample.stops) == 9
    assert len(sample.routes) == 5
    assert len(sample.trips["CITY1"].stops) == 5
    assert sample.runs_on("FULLW", date(2007, 6, 3))
    assert not sample.runs_on("FULLW", date(2007, 6, 4))
    assert not sample.runs_on("WE", date(2007, 6, 5))


def test_matches_a_ride_to_line_run_and_stops(matcher: TransitMatcher) -> None:
    match = fit(matcher, ride(TUESDAY + timedelta(minutes=2)))

    assert (match.route_name, match.mode, match.trip_id) == ("21", "bus", "bus0800")
    assert (match.board, match.alight) == ("Stop 0", "Stop 4")
    assert match.late_s == 120
    assert match.factor_code == "bus.diesel"


def test_matches_a_part_of_the_line_in_its_direction_only(matcher: TransitMatcher) -> None:
    start = TUESDAY + timedelta(minutes=3)

    assert fit(matcher, ride(start, 1, 3)).alight == "Stop 3"
    assert matcher.match(ride(start, 3, 1)) is None


@pytest.mark.parametrize(
    ("late_s", "fits"), [(-181, False), (-180, True), (0, True), (900, True), (901, False)]
)
def test_takes_vehicles_within_their_usual_lateness(
    matcher: TransitMatcher, late_s: int, fits: bool
) -> None:
    found = matcher.match(ride(TUESDAY + timedelta(seconds=late_s)))

    assert (found is not None) is fits


def test_refuses_another_way_between_the_same_stops(matcher: TransitMatcher) -> None:
    assert matcher.match(ride(TUESDAY, detour=0.01)) is None


def test_refuses_days_without_service(matcher: TransitMatcher) -> None:
    saturday, holiday = TUESDAY + timedelta(days=4), TUESDAY + timedelta(days=7)

    assert matcher.match(ride(saturday)) is None
    assert matcher.match(ride(holiday)) is None


def test_matches_a_run_after_midnight_to_the_day_of_service_before(matcher: TransitMatcher) -> None:
    found = fit(matcher, ride(datetime(2026, 7, 8, 0, 30, tzinfo=PARIS)))

    assert (found.trip_id, found.mode, found.factor_code) == ("tram2430", "rail", "tram")
    assert matcher.match(ride(datetime(2026, 7, 7, 0, 30, tzinfo=PARIS))) is None


def test_matches_a_run_by_frequency(matcher: TransitMatcher) -> None:
    found = fit(matcher, ride(TUESDAY.replace(hour=14, minute=41)))

    assert found.trip_id == "freq"
    assert abs(found.late_s) <= 60


def test_service_hours_count_from_noon_when_clocks_change(tmp_path: Path) -> None:
    sunday = "week,0,0,0,0,0,0,1,20260101,20261231\n"
    calendar = TABLES["calendar.txt"].splitlines()[0] + "\n" + sunday
    matcher = TransitMatcher(read_feed(feed(tmp_path, **{"calendar.txt": calendar})), PARIS)

    found = fit(matcher, ride(datetime(2026, 3, 29, 8, 0, tzinfo=PARIS)))

    assert found.late_s == 0


def test_a_carpool_that_keeps_to_a_line_is_labelled(matcher: TransitMatcher) -> None:
    posing = transit_labels(trip(), matcher.match(ride(TUESDAY)))
    honest = transit_labels(trip(), matcher.match(ride(TUESDAY, detour=0.01)))

    assert [label.code for label in posing] == ["follows_transit_line"]
    assert honest == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stops.txt": None}, "feed_without_table"),
        ({"routes.txt": "route_id\nr1\n"}, "feed_without_column"),
        ({"stops.txt": "stop_id,stop_lat,stop_lon\ns0,north,5\n"}, "feed_malformed_row"),
        (
            {"calendar_dates.txt": "service_id,date,exception_type\nw,someday,1\n"},
            "feed_malformed_row",
        ),
        (
            {"stop_times.txt": "trip_id,stop_id,stop_sequence,arrival_time\nbus0800,s0,1,8h\n"},
            "feed_malformed_row",
        ),
    ],
)
def test_refuses_broken_feeds_with_a_code(tmp_path: Path, changes: Any, code: str) -> None:
    with pytest.raises(FeedInvalidError) as caught:
        read_feed(feed(tmp_path, **changes))

    assert caught.value.code == code


def test_refuses_what_is_no_zip_and_what_unpacks_to_too_much(tmp_path: Path) -> None:
    other = tmp_path / "x.zip"
    other.write_bytes(b"hello")
    bomb = feed(tmp_path, **{"notes.txt": "a" * 3_000_000})

    for path, code in ((other, "feed_not_a_zip"), (bomb, "feed_too_large")):
        with pytest.raises(FeedInvalidError) as caught:
            read_feed(path)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "seconds"), [("8:05:00", 29_100), ("24:30:00", 88_200), ("", -1), (" 0:00:01 ", 1)]
)
def test_reads_times_beyond_midnight_and_untimed_halts(text: str, seconds: int) -> None:
    assert seconds_of_day(text) == seconds


def test_halts_out_of_order_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    head, *rows = TABLES["stop_times.txt"].strip().splitlines()
    turned = "\n".join([head, *reversed(rows)]) + "\n"

    ordered = read_feed(feed(tmp_path))
    shuffled = read_feed(feed(tmp_path, **{"stop_times.txt": turned}))

    for trip_id, one in ordered.trips.items():
        other = shuffled.trips[trip_id]
        assert len(one.stops) > 1
        assert (one.stops, one.arrivals_s, one.departures_s) == (
            other.stops,
            other.arrivals_s,
            other.departures_s,
        )
