"""Timetables of public transport: put in use, and made ready for matching once per process."""

import base64
import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from backend.mobility.errors import FeedInvalidError
from backend.mobility.transit import reader
from backend.mobility.transit.matching import TransitMatcher
from backend.trips import queries
from backend.trips import service as trips
from backend.trips.models import TransitFeed

HOME_ZONE = "Europe/Paris"
"""For a feed that does not name its zone."""


def read(path: Path, *, name: str, now: datetime) -> TransitFeed:
    """Read a GTFS archive and return what is stored of it; slow, outside of transactions.

    Raises:
        FeedInvalidError: It is no feed within bounds, or its zone is unknown.
    """
    feed = reader.read_feed(path)
    zone = reader.time_zone_of(path) or HOME_ZONE
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise FeedInvalidError("unknown_zone", f"There is no time zone {zone!r}.") from error
    return TransitFeed(
        name=name,
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        time_zone=zone,
        stops=len(feed.stops),
        routes=len(feed.routes),
        runs=len(feed.trips),
        valid_to=reader.last_day(feed),
        archive=base64.b64encode(reader.slim(path)).decode(),
        imported_at=now,
    )


def put_in_use(session: Session, feed: TransitFeed) -> bool:
    """Use a timetable from now on; False when this very one is in use already."""
    return trips.put_feed(session, feed)


class Timetables:
    """The timetables in use, read again only when another one was imported."""

    def __init__(self) -> None:
        self._ready: dict[int, TransitMatcher] = {}

    def matchers(self, session: Session) -> Sequence[TransitMatcher]:
        """Return one matcher per timetable in use."""
        wanted = [feed_id for feed_id, _ in queries.feeds_in_use(session)]
        self._ready = {
            feed_id: self._ready.get(feed_id) or _matcher(session, feed_id) for feed_id in wanted
        }
        return list(self._ready.values())


def _matcher(session: Session, feed_id: int) -> TransitMatcher:
    row = queries.feed(session, feed_id)
    if row is None:
        raise FeedInvalidError("gone", "The timetable was replaced while it was being read.")
    feed = reader.read_feed(io.BytesIO(base64.b64decode(row.archive)))
    return TransitMatcher(feed, ZoneInfo(row.time_zone))
