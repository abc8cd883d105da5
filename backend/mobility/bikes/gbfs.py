"""Read the stations of a GBFS feed, version 2 or 3, and compare a ride with them. Pure.

GBFS tells where stations are and never who rode: vehicle ids change after each rental. So a ride
from station to station is a hint for the reader of a receipt or of a doubtful trip, and nothing
is paid for it. Source: gbfs.org specification 2.3 and 3.0 (MobilityData, CC BY 3.0 and later).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from backend.mobility.errors import FeedInvalidError
from backend.mobility.geometry import haversine_m
from backend.mobility.trace import FloatArray, Trace

STATION_RADIUS_M = 80.0
"""From a dock to where a phone first has a good fix; stations here lie 300 m apart and more."""
MAX_STATIONS = 20_000
"""The largest systems of the world have some ten thousand."""
MAX_NAME_CHARS = 120
WANTED_FEED = "station_information"


@dataclass(frozen=True, slots=True)
class Stations:
    """Where the stations of a system are.

    Attributes:
        names: As riders know them.
        lat, lon: Degrees, in the same order.
    """

    names: tuple[str, ...]
    lat: FloatArray
    lon: FloatArray

    def nearest(self, lat: float, lon: float) -> str | None:
        """Return the name of the nearest station within 80 m, `None` when there is none."""
        if not self.names:
            return None
        here = np.full_like(self.lat, lat), np.full_like(self.lon, lon)
        distances = haversine_m(self.lat, self.lon, *here)
        at = int(np.argmin(distances))
        return self.names[at] if distances[at] <= STATION_RADIUS_M else None


def feed_url(document: Mapping[str, Any], base_url: str) -> str:
    """Return the address of the stations' feed that a `gbfs.json` names.

    Version 2 lists feeds per language, version 3 lists them once.

    Raises:
        FeedInvalidError: It names none, or one on another kind of address than its own.
    """
    found = next(
        (feed["url"] for feed in _feeds(document) if feed.get("name") == WANTED_FEED), None
    )
    if not isinstance(found, str):
        raise FeedInvalidError("without_table", f"The GBFS feed lists no {WANTED_FEED}.")
    there, here = urlsplit(found), urlsplit(base_url)
    # A feed must not lead the server to files, or from https to an open line.
    if there.scheme not in ("http", "https") or (here.scheme, there.scheme) == ("https", "http"):
        raise FeedInvalidError("bad_address", f"The GBFS feed names {found[:120]!r}.")
    return found


def stations(document: Mapping[str, Any]) -> Stations:
    """Read `station_information.json`; stations without a usable place are left out.

    Raises:
        FeedInvalidError: It holds no list of stations, or more than a system can have.
    """
    data = document.get("data")
    listed = data.get("stations") if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise FeedInvalidError("without_table", "The GBFS feed holds no list of stations.")
    if len(listed) > MAX_STATIONS:
        raise FeedInvalidError("too_large", f"A GBFS feed holds at most {MAX_STATIONS} stations.")
    rows = [row for one in listed if (row := _station(one)) is not None]
    return Stations(
        tuple(name for name, _, _ in rows),
        np.array([lat for _, lat, _ in rows], dtype=np.float64),
        np.array([lon for _, _, lon in rows], dtype=np.float64),
    )


def corroborate(leg: Trace, systems: Sequence[Stations]) -> dict[str, str]:
    """Return the stations at both ends of a bike leg; empty unless both are of one system.

    Args:
        leg: Clean points of the leg, at least one.
    """
    for system in systems:
        start = system.nearest(float(leg.lat[0]), float(leg.lon[0]))
        end = system.nearest(float(leg.lat[-1]), float(leg.lon[-1]))
        if start is not None and end is not None:
            return {"dock_start": start, "dock_end": end}
    return {}


def _feeds(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    data = document.get("data")
    groups = [data, *data.values()] if isinstance(data, dict) else []
    for group in groups:
        listed = group.get("feeds") if isinstance(group, dict) else None
        for feed in listed if isinstance(listed, list) else []:
            if isinstance(feed, dict):
                yield feed


def _station(one: object) -> tuple[str, float, float] | None:
    if not isinstance(one, dict):
        return None
    lat, lon = one.get("lat"), one.get("lon")
    is_place = all(isinstance(value, int | float) for value in (lat, lon))
    if not is_place or not (abs(lat) <= 90 and abs(lon) <= 180):  # type: ignore[arg-type]  # noqa: PLR2004 - numbers by the line above; degrees
        return None
    return _name(one.get("name"))[:MAX_NAME_CHARS], float(lat), float(lon)  # type: ignore[arg-type]  # as above


def _name(value: object) -> str:
    """Return a name: text in version 2, a list of texts by language in version 3."""
    if isinstance(value, list):
        texts = [one for one in value if isinstance(one, dict)]
        french = (one for one in texts if str(one.get("language", "")).startswith("fr"))
        chosen = next(french, texts[0] if texts else {})
        value = chosen.get("text")
    return value if isinstance(value, str) and value else "?"
