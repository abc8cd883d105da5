"""Writes of carpool journeys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from backend.carpool import queries
from backend.carpool.errors import JourneyChangedError
from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import REFUSING, JourneyState, RegisterStatus, is_silent, next_check
from backend.db.upsert import insert_or_skip


def record(session: Session, journey: CarpoolJourney) -> tuple[CarpoolJourney, bool]:
    """Store a reported journey, or find the one that stands.

    Returns:
        The stored journey, and whether this call stored it.
    Raises:
        JourneyChangedError: The id is taken by a journey with other facts.
    """
    is_new = insert_or_skip(session, journey) is not None
    standing = queries.by_operator_id(session, journey.operator_number, journey.operator_journey_id)
    # None: the journey is new and one of its ticket serials is taken.
    if standing is None or standing.body_hash != journey.body_hash:
        raise JourneyChangedError(journey.operator_journey_id)
    return standing, is_new


def take_due(
    session: Session, *, now: datetime, lease_for: timedelta, limit: int
) -> Sequence[CarpoolJourney]:
    """Return journeys whose turn it is to be asked about; nobody else gets them for a while."""
    journeys = queries.due(session, now=now, limit=limit)
    for journey in journeys:
        journey.next_check_at = now + lease_for
    session.flush()
    return journeys


def note_status(
    session: Session,
    journey_id: int,
    status: RegisterStatus,
    labels: Sequence[str],
    *,
    at: datetime,
) -> CarpoolJourney:
    """Keep what the register said, and return the journey as it stands now.

    A journey that the register has not confirmed within a week is refused: no answer is no proof.
    A confirmed one stays confirmed until the register takes its word back.
    """
    journey = session.get_one(CarpoolJourney, journey_id, with_for_update=True)
    if journey.state == JourneyState.REFUSED:
        return journey
    journey.register_status = status
    journey.register_checked_at = at
    is_believed = status == RegisterStatus.OK or journey.state == JourneyState.CONFIRMED
    if status in REFUSING:
        found = [{"code": label} for label in labels] or [{"code": str(status)}]
        refuse(session, journey, found)
    elif is_believed:
        journey.next_check_at = next_check(RegisterStatus.OK, started_at=journey.started_at, now=at)
        is_last = journey.next_check_at is None
        journey.state = JourneyState.CLOSED if is_last else JourneyState.CONFIRMED
    elif is_silent(started_at=journey.started_at, now=at):
        refuse(session, journey, [{"code": "register_silent"}])
    else:
        journey.next_check_at = next_check(status, started_at=journey.started_at, now=at)
    session.add(journey)
    session.flush()
    return journey


def refuse(session: Session, journey: CarpoolJourney, labels: Sequence[dict[str, Any]]) -> None:
    """End a journey's right to a reward; the register is asked no more."""
    journey.state = JourneyState.REFUSED
    journey.labels = [*journey.labels, *labels]
    journey.next_check_at = None
    session.add(journey)
    session.flush()
