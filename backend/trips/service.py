"""Writes of trips: take one in once, keep what the verdict found, forget in time."""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, null, or_, update
from sqlmodel import Session, col

from backend.db.upsert import insert_or_skip
from backend.trips import queries, rules
from backend.trips.errors import (
    TripAlreadyKnownError,
    TripKeyReusedError,
    TripLateError,
    TripTooManyError,
)
from backend.trips.models import EmissionFactorRow, RiderLink, TransitFeed, Trip
from backend.trips.rules import TripSource, TripState

MAX_TRIPS_A_DAY = 30
"""More than anybody travels; rules pay two located ones. Bounds what an account can store."""
LINK_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LINK_CHARS = 16
"""80 bits: an operator's list cannot be used to guess another rider's word."""


@dataclass(frozen=True)
class NewTrip:
    """A trip at the door, read and within bounds.

    Attributes:
        content_key: SHA-256 of its times and places.
        points: Fixes as integers.
        device_number: Operator that signed; 0 for none.
    """

    account_id: str
    idempotency_key: str
    content_key: str
    source: TripSource
    started_at: datetime
    ended_at: datetime
    points: list[list[int | None]]
    device_number: int = 0


@dataclass(frozen=True)
class Kept:
    """What stays of a trip after its verdict."""

    finding: dict[str, Any]
    path: list[dict[str, Any]]
    start_cell: str | None
    end_cell: str | None
    length_m: int | None
    shape: str | None


def take_in(session: Session, new: NewTrip, *, now: datetime) -> Trip:
    """Store a trip, or return the one that stands.

    Raises:
        TripLateError: It ended too long ago.
        TripKeyReusedError: The key made another trip.
        TripAlreadyKnownError: Another account handed in the same recording.
        TripTooManyError: The account's limit of the day is reached.
    """
    standing = queries.by_idempotency_key(session, new.account_id, new.idempotency_key)
    if standing is not None:
        if standing.content_key != new.content_key:
            raise TripKeyReusedError
        return standing
    if rules.is_late(new.ended_at, now):
        raise TripLateError(rules.LATE_AFTER // timedelta(hours=1))
    since = now - timedelta(days=1)
    if queries.count_received_since(session, new.account_id, since) >= MAX_TRIPS_A_DAY:
        raise TripTooManyError(MAX_TRIPS_A_DAY)
    trip = Trip(
        account_id=new.account_id,
        idempotency_key=new.idempotency_key,
        content_key=new.content_key,
        source=new.source,
        device_number=new.device_number,
        received_at=now,
        started_at=new.started_at,
        ended_at=new.ended_at,
        points=new.points,
    )
    if insert_or_skip(session, trip) is not None:
        return trip
    return _standing(session, new)


def _standing(session: Session, new: NewTrip) -> Trip:
    """Return the trip that kept a new one out: same recording, or same key in a race."""
    found = queries.by_content(session, new.content_key)
    if found is None:
        raise TripKeyReusedError
    if found.account_id != new.account_id:
        raise TripAlreadyKnownError
    return found


def keep(session: Session, trip_id: str, kept: Kept) -> bool:
    """Store what the verdict found and drop the points.

    Returns:
        False when another runner was faster; then nothing changed.
    """
    done = session.execute(
        update(Trip)
        .where(col(Trip.id) == trip_id, col(Trip.state) == TripState.RECEIVED)
        .values(
            state=TripState.JUDGED,
            points=null(),
            finding=kept.finding,
            path=kept.path,
            start_cell=kept.start_cell,
            end_cell=kept.end_cell,
            length_m=kept.length_m,
            shape=kept.shape,
        )
        .returning(col(Trip.id))
    )
    return done.scalar_one_or_none() is not None


def attest(
    session: Session, trip: Trip, legs: Collection[int], *, reference: str, mode: str
) -> None:
    """Note that a ticket attests some legs: proved twice, and paid with the ticket."""
    told = [
        leg | {"proof_level": "P3", "ticket": reference, "ticket_mode": mode} if at in legs else leg
        for at, leg in enumerate(trip.finding["legs"])
    ]
    # A new document: the session does not see changes inside the old one.
    trip.finding = {**trip.finding, "legs": told, "proof_level": "P3"}
    session.add(trip)
    session.flush()


def forget(session: Session, now: datetime) -> int:
    """Delete maps and fingerprints that are old enough; return how many trips changed."""
    maps = session.execute(
        update(Trip)
        .where(
            col(Trip.received_at) < now - rules.KEEP_PATH,
            or_(col(Trip.start_cell).is_not(None), col(Trip.end_cell).is_not(None)),
        )
        .values(path=[], start_cell=None, end_cell=None)
        .returning(col(Trip.id))
    ).all()
    shapes = session.execute(
        update(Trip)
        .where(col(Trip.received_at) < now - rules.KEEP_SHAPE, col(Trip.shape).is_not(None))
        .values(shape=None)
        .returning(col(Trip.id))
    ).all()
    return len(maps) + len(shapes)


def forget_path(session: Session, trip_id: str) -> None:
    """Delete the map of one trip at once, because its owner asks."""
    session.execute(
        update(Trip).where(col(Trip.id) == trip_id).values(path=[], start_cell=None, end_cell=None)
    )


def move_to_account(session: Session, *, source_id: str, target_id: str) -> None:
    """Hand trips and links of a merged account to the one that keeps them.

    A trip whose key the target used for another one gets its own id as key.
    """
    taken = {trip.idempotency_key for trip in queries.of_account(session, target_id, limit=10_000)}
    for trip in queries.of_account(session, source_id, limit=10_000):
        key = trip.id if trip.idempotency_key in taken else trip.idempotency_key
        trip.account_id, trip.idempotency_key = target_id, key
        session.add(trip)
    session.execute(
        update(RiderLink).where(col(RiderLink.account_id) == source_id).values(account_id=target_id)
    )
    session.flush()


def link(session: Session, account_id: str, *, at: datetime) -> RiderLink:
    """Return the word by which operators know an account; make it when there is none."""
    found = queries.link_of(session, account_id)
    if found is not None:
        return found
    code = "".join(secrets.choice(LINK_ALPHABET) for _ in range(LINK_CHARS))
    made = RiderLink(code=code, account_id=account_id, created_at=at)
    session.add(made)
    session.flush()
    return made


def unlink(session: Session, account_id: str) -> None:
    """Forget the words of an account: validations that name them find nobody."""
    session.execute(delete(RiderLink).where(col(RiderLink.account_id) == account_id))


def put_factors(session: Session, rows: Iterable[EmissionFactorRow]) -> int:
    """Add the factors whose code and edition are not there yet; return how many."""
    known = {(row.code, row.edition) for row in queries.factors(session)}
    new = [row for row in rows if (row.code, row.edition) not in known]
    return sum(insert_or_skip(session, row) is not None for row in new)


def put_feed(session: Session, feed: TransitFeed) -> bool:
    """Put a timetable in use in place of the one of the same name, whose content goes.

    Returns:
        False when this very archive is the one in use.
    """
    in_use = {name: feed_id for feed_id, name in queries.feeds_in_use(session)}
    current = queries.feed(session, in_use[feed.name]) if feed.name in in_use else None
    if current is not None and current.digest == feed.digest:
        return False
    session.execute(delete(TransitFeed).where(col(TransitFeed.name) == feed.name))
    session.add(feed)
    session.flush()
    return True
