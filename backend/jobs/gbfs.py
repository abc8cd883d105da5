"""Stations of shared bikes, fetched from public GBFS feeds and kept in memory for a while."""

import time
from collections.abc import Sequence
from typing import Any

import httpx2
import structlog

from backend.kernel.errors import EcoError, UnavailableError
from backend.mobility.bikes.gbfs import Stations, feed_url, stations
from backend.mobility.errors import TraceInvalidError
from backend.mobility.parsing.json_text import load_object

TIMEOUT_S = 2
"""Short: the loop that asks also judges trips."""
MAX_BYTES = 10_000_000
"""Ten thousand stations take three."""
FRESH_S = 3_600.0
"""Stations move rarely; GBFS asks readers to keep what has a long `ttl`."""
RETRY_S = 600.0

log = structlog.get_logger()


class BikeFeedUnavailableError(UnavailableError):
    """A public feed of bike stations gives no usable answer; trips are judged without it."""

    def __init__(self, reason: str) -> None:
        super().__init__("bike_feed", f"The bike feed is not usable: {reason}.")


class BikeFeeds:
    """Keeps the stations of each configured system; what cannot be fetched is just not there.

    Args:
        urls: Addresses of `gbfs.json`, by name of the system.
    """

    def __init__(self, urls: dict[str, str] | None = None) -> None:
        self._urls = urls or {}
        self._known: dict[str, Stations] = {}
        self._next_s = dict.fromkeys(self._urls, 0.0)

    def refresh(self) -> None:
        """Fetch one system that is due; call it outside of transactions."""
        now_s = time.monotonic()
        due = [name for name, next_s in self._next_s.items() if next_s <= now_s]
        if not due:
            return
        name = due[0]
        try:
            self._known[name] = fetch(self._urls[name])
            self._next_s[name] = now_s + FRESH_S
            log.info("bike_stations_read", system=name, stations=len(self._known[name].names))
        except EcoError as error:
            # Corroboration is a courtesy: trips are judged without it, with what was known.
            self._next_s[name] = now_s + RETRY_S
            log.warning("bike_stations_away", system=name, code=error.code, detail=str(error))

    def systems(self) -> Sequence[Stations]:
        """Return what is known now."""
        return tuple(self._known.values())


def fetch(url: str) -> Stations:
    """Follow a `gbfs.json` to its stations.

    Raises:
        BikeFeedUnavailableError: No usable answer in time.
        FeedInvalidError: It is no GBFS feed with stations.
    """
    with httpx2.Client(timeout=TIMEOUT_S) as http:
        return stations(_document(http, feed_url(_document(http, url), url)))


def _document(http: httpx2.Client, url: str) -> dict[str, Any]:
    body = bytearray()
    try:
        with http.stream("GET", url) as answer:
            if answer.status_code != httpx2.codes.OK:
                raise BikeFeedUnavailableError(f"HTTP {answer.status_code}")
            for part in answer.iter_bytes():
                body += part
                if len(body) > MAX_BYTES:
                    raise BikeFeedUnavailableError(f"over {MAX_BYTES} bytes")
    except httpx2.HTTPError as error:
        raise BikeFeedUnavailableError(type(error).__name__) from error
    try:
        return load_object(bytes(body))
    except TraceInvalidError as error:
        raise BikeFeedUnavailableError("no JSON object") from error
