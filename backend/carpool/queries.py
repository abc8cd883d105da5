"""Reads of carpool journeys."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from backend.carpool.models import CarpoolJourney
from backend.carpool.rules import JourneyState

NEIGHBOURHOOD = timedelta(hours=36)
"""A local day and half an hour, whatever the zone: wide enough for every check on arrival."""


def by_operator_id(
    session: Session, operator_number: int, operator_journey_id: str
) -> CarpoolJourney | None:
    """Return a journey by the id that its operator and the register use."""
    statement = select(CarpoolJourney).where(
        col(CarpoolJourney.operator_number) == operator_number,
        col(CarpoolJourney.operator_journey_id) == operator_journey_id,
    )
    return session.exec(statement).one_or_none()


def by_serial(session: Session, operator_number: int, serial: str) -> CarpoolJourney | None:
    """Return the journey that a ticket's serial belongs to, the driver's or the passenger's."""
    statement = select(CarpoolJourney).where(
        col(CarpoolJourney.operator_number) == operator_number,
        or_(
            col(CarpoolJourney.driver_serial) == serial,
            col(CarpoolJourney.passenger_serial) == serial,
        ),
    )
    return session.exec(statement).one_or_none()


def around(session: Session, journey: CarpoolJourney) -> Sequence[CarpoolJourney]:
    """Return the other journeys of both people near a journey in time, of any operator."""
    people = (journey.driver, journey.passenger)
    statement = select(CarpoolJourney).where(
        col(CarpoolJourney.started_at) >= journey.started_at - NEIGHBOURHOOD,
        col(CarpoolJourney.started_at) <= journey.started_at + NEIGHBOURHOOD,
        or_(col(CarpoolJourney.driver).in_(people), col(CarpoolJourney.passenger).in_(people)),
    )
    if journey.id is not None:
        statement = statement.where(col(CarpoolJourney.id) != journey.id)
    return session.exec(statement.order_by(col(CarpoolJourney.started_at))).all()


def due(session: Session, *, now: datetime, limit: int) -> Sequence[CarpoolJourney]:
    """Return journeys that the register is to be asked about, longest overdue first."""
    statement = select(CarpoolJourney).where(col(CarpoolJourney.next_check_at) <= now)
    return session.exec(statement.order_by(col(CarpoolJourney.next_check_at)).limit(limit)).all()


def is_payable(journey: CarpoolJourney) -> bool:
    """Tell whether the register has confirmed a journey."""
    return journey.state in (JourneyState.CONFIRMED, JourneyState.CLOSED)
