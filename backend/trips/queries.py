"""Reads of trips, factors and timetables."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.trips.models import EmissionFactorRow, RiderLink, TransitFeed, Trip
from backend.trips.rules import TripState, length_band

MAX_OWN, MAX_ALIKE = 25, 15
"""Earlier trips that a fingerprint is compared with; each costs 0.2 ms."""


def get(session: Session, trip_id: str) -> Trip | None:
    """Return a trip."""
    return session.get(Trip, trip_id)


def by_idempotency_key(session: Session, account_id: str, key: str) -> Trip | None:
    """Return the trip that a client's key made."""
    statement = select(Trip).where(
        col(Trip.account_id) == account_id, col(Trip.idempotency_key) == key
    )
    return session.exec(statement).one_or_none()


def by_content(session: Session, content_key: str) -> Trip | None:
    """Return the trip with exactly these fixes."""
    return session.exec(select(Trip).where(col(Trip.content_key) == content_key)).one_or_none()


def of_account(session: Session, account_id: str, *, limit: int = 50) -> Sequence[Trip]:
    """Return the newest trips of an account, newest first."""
    statement = select(Trip).where(col(Trip.account_id) == account_id)
    return session.exec(statement.order_by(col(Trip.started_at).desc()).limit(limit)).all()


def count_received_since(session: Session, account_id: str, since: datetime) -> int:
    """Return how many trips of an account came in since an instant."""
    statement = select(func.count()).where(
        col(Trip.account_id) == account_id, col(Trip.received_at) >= since
    )
    return int(session.exec(statement).one())


def next_received(session: Session) -> Trip | None:
    """Return the oldest trip that waits for its verdict."""
    statement = select(Trip).where(col(Trip.state) == TripState.RECEIVED)
    return session.exec(statement.order_by(col(Trip.received_at), col(Trip.id)).limit(1)).first()


def lock_trips_of(session: Session, account_id: str) -> None:
    """Lock the recent trips of a person, so that two verdicts on them follow each other."""
    statement = select(Trip.id).where(col(Trip.account_id) == account_id)
    session.exec(statement.order_by(col(Trip.id).desc()).limit(200).with_for_update()).all()


def around(session: Session, trip: Trip, *, margin: timedelta) -> Sequence[Trip]:
    """Return the judged trips of the same person that lie near a trip in time."""
    statement = select(Trip).where(
        col(Trip.account_id) == trip.account_id,
        col(Trip.state) == TripState.JUDGED,
        col(Trip.id) != trip.id,
        col(Trip.started_at) <= trip.ended_at + margin,
        col(Trip.ended_at) >= trip.started_at - margin,
    )
    return session.exec(statement.limit(200)).all()


def overlapping(
    session: Session, account_id: str, started_at: datetime, ended_at: datetime
) -> Sequence[Trip]:
    """Return the judged trips of a person that share time with an interval, oldest first."""
    statement = select(Trip).where(
        col(Trip.account_id) == account_id,
        col(Trip.state) == TripState.JUDGED,
        col(Trip.started_at) < ended_at,
        col(Trip.ended_at) > started_at,
    )
    return session.exec(statement.order_by(col(Trip.started_at), col(Trip.id)).limit(50)).all()


def shapes_to_compare(
    session: Session, trip: Trip, *, length_m: int, beside: Collection[str] = ()
) -> list[str]:
    """Return fingerprints of trips that this one may be a copy of.

    These are the newest own ones, and those of anybody that are equally long.

    Args:
        beside: Accounts that travelled in the same car; their trips are no copies.
    """
    shaped = select(Trip.shape).where(col(Trip.shape).is_not(None), col(Trip.id) != trip.id)
    newest = col(Trip.received_at).desc()
    own = shaped.where(col(Trip.account_id) == trip.account_id).order_by(newest).limit(MAX_OWN)
    low, high = length_band(length_m)
    alike = (
        shaped.where(
            col(Trip.account_id).not_in([trip.account_id, *beside]),
            col(Trip.length_m) >= low,
            col(Trip.length_m) <= high,
        )
        .order_by(newest)
        .limit(MAX_ALIKE)
    )
    return [shape for query in (own, alike) for shape in session.exec(query).all() if shape]


def link_of(session: Session, account_id: str) -> RiderLink | None:
    """Return the word by which operators know an account."""
    statement = select(RiderLink).where(col(RiderLink.account_id) == account_id)
    return session.exec(statement.order_by(col(RiderLink.created_at).desc()).limit(1)).first()


def account_of_link(session: Session, code: str) -> str | None:
    """Return the account that gave an operator this word."""
    link = session.get(RiderLink, code)
    return link.account_id if link is not None else None


def factors(session: Session) -> Sequence[EmissionFactorRow]:
    """Return every emission factor, all editions."""
    return session.exec(select(EmissionFactorRow).order_by(col(EmissionFactorRow.id))).all()


def feeds_in_use(session: Session) -> Sequence[tuple[int, str]]:
    """Return (id, name) of the newest timetable of each name, without its content."""
    statement = select(func.max(TransitFeed.id), TransitFeed.name).group_by(TransitFeed.name)
    return [(int(feed_id or 0), name) for feed_id, name in session.exec(statement).all()]


def feed(session: Session, feed_id: int) -> TransitFeed | None:
    """Return a timetable with its content."""
    return session.get(TransitFeed, feed_id)
