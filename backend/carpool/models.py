"""Tables of carpool journeys."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.carpool.rules import JourneyState, OperatorClass, RegisterStatus
from backend.db.types import BigInt, instant, json_column, serial_key

_STATES = ",".join(f"'{state}'" for state in JourneyState)
_STATUSES = ",".join(f"'{status}'" for status in RegisterStatus)
_CLASSES = ",".join(f"'{letter}'" for letter in OperatorClass)


class CarpoolJourney(SQLModel, table=True):
    """One passenger's journey in one car, as its operator reported it.

    No name, telephone number or position is kept: two pseudonyms, two communes, times, distance.
    """

    __tablename__ = "carpool_journey"
    __table_args__ = (
        UniqueConstraint("operator_number", "operator_journey_id"),
        UniqueConstraint("operator_number", "driver_serial"),
        UniqueConstraint("operator_number", "passenger_serial"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint(f"operator_class IN ({_CLASSES})", "operator_class"),
        CheckConstraint(
            f"register_status IS NULL OR register_status IN ({_STATUSES})", "register_status"
        ),
        CheckConstraint("ended_at >= started_at", "ends_after_start"),
        CheckConstraint("driver <> passenger", "two_people"),
        Index("ix_carpool_journey_driver_started", "driver", "started_at"),
        Index("ix_carpool_journey_passenger_started", "passenger", "started_at"),
    )

    id: int | None = serial_key("Order of arrival.")
    operator_number: int = Field(sa_type=BigInt, description="Device number of the operator.")
    operator_journey_id: str = Field(description="The operator's id; the register's too.")
    operator_trip_id: str = Field(description="Shared by all passengers of one ride.")
    operator_class: str = Field(description="A, B or C: how well the operator proves it.")
    driver: str = Field(description="Pseudonym, equal across operators.")
    passenger: str = Field(description="Pseudonym, equal across operators.")
    driver_serial: str = Field(description="Serial of the ticket that the driver may claim.")
    passenger_serial: str = Field(description="Serial of the ticket for the passenger.")
    started_at: datetime = instant("When the passenger got in.")
    ended_at: datetime = instant("When the passenger got out.")
    distance_m: int = Field(description="As declared. Unit: metres.")
    start_commune_code: str | None = Field(default=None, description="INSEE code; None outside.")
    end_commune_code: str | None = Field(default=None, description="INSEE code; None outside.")
    body_hash: str = Field(description="SHA-256 of the report, to notice a changed repeat.")
    state: str = Field(default=JourneyState.RECORDED, description="Life of the journey.")
    labels: list[dict[str, Any]] = json_column("Why it is refused: code and the trips behind it.")
    register_status: str | None = Field(default=None, description="Last word of the register.")
    register_checked_at: datetime | None = instant("When it said so.", default=None)
    next_check_at: datetime | None = instant(
        "When the register is asked next; None when nothing more is asked.",
        default=None,
        index=True,
    )
    received_at: datetime = instant("When it was reported.")
