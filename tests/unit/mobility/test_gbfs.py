"""Stations of GBFS 2 and 3, and rides that go from one to another."""

from typing import Any

import numpy as np
import pytest

from backend.mobility.bikes.gbfs import Stations, corroborate, feed_url, stations
from backend.mobility.errors import FeedInvalidError
from backend.mobility.trace import FloatArray, Trace

HERE = "https://bikes.example/gbfs.json"
V2 = {"data": {"fr": {"feeds": [{"name": "station_information", "url": "https://b.example/s"}]}}}
V3 = {"data": {"feeds": [{"name": "station_information", "url": "https://b.example/s"}]}}


def station(**changes: Any) -> dict[str, Any]:
    return {"station_id": "1", "name": "Vieux-Port", "lat": 43.2951, "lon": 5.3740} | changes


def read(*listed: Any) -> Stations:
    return stations({"data": {"stations": list(listed)}})


def leg(*places: tuple[float, float]) -> Trace:
    lat: FloatArray = np.array([place[0] for place in places])
    lon: FloatArray = np.array([place[1] for place in places])
    unknown = np.full(len(lat), np.nan)
    t: FloatArray = np.arange(len(places), dtype=np.float64) * 60.0
    return Trace("leg", t, lat, lon, unknown, unknown, unknown)


@pytest.mark.parametrize("document", [V2, V3])
def test_the_stations_feed_is_found_in_both_versions(document: dict[str, Any]) -> None:
    assert feed_url(document, HERE) == "https://b.example/s"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "feed_without_table"),
        ("file:///etc/passwd", "feed_bad_address"),
        ("http://b.example/s", "feed_bad_address"),
    ],
)
def test_a_feed_leads_nowhere_else(url: str | None, code: str) -> None:
    document = {"data": {"feeds": [{"name": "station_information", "url": url}]}}

    with pytest.raises(FeedInvalidError) as caught:
        feed_url(document, HERE)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        ("Vieux-Port", "Vieux-Port"),
        ([{"text": "Old Port", "language": "en"}, {"text": "Vieux-Port", "language": "fr"}],
         "Vieux-Port"),
        ([{"text": "Old Port", "language": "en"}], "Old Port"),
        ([], "?"),
        (None, "?"),
    ],
)  # fmt: skip
def test_names_are_read_in_both_versions(name: object, read_as: str) -> None:
    assert read(station(name=name)).names == (read_as,)


@pytest.mark.parametrize(
    "broken", [None, {}, station(lat="43"), station(lat=95), station(lon=float("nan"))]
)
def test_a_station_without_a_place_is_left_out(broken: object) -> None:
    assert read(broken, station()).names == ("Vieux-Port",)


def test_what_is_no_list_or_too_long_is_refused() -> None:
    with pytest.raises(FeedInvalidError, match="no list"):
        stations({"data": {"stations": {}}})
    with pytest.raises(FeedInvalidError, match="at most"):
        read(*[station()] * 20_001)


def test_a_ride_from_station_to_station_names_both() -> None:
    system = read(station(), station(name="Joliette", lat=43.3045, lon=5.3667))
    there = leg((43.2951, 5.3740), (43.30, 5.37), (43.3045, 5.3667))
    away = leg((43.2951, 5.3740), (43.30, 5.37), (43.3100, 5.3667))

    assert corroborate(there, [system]) == {"dock_start": "Vieux-Port", "dock_end": "Joliette"}
    assert corroborate(away, [system]) == {}
    assert corroborate(there, [read(station()), read()]) == {}


@pytest.mark.parametrize(("metres", "is_near"), [(79.5, True), (80.5, False)])
def test_a_dock_is_within_eighty_metres(metres: float, is_near: bool) -> None:
    system = read(station())

    found = system.nearest(43.2951 + metres / 111_195, 5.3740)

    assert (found is not None) is is_near
