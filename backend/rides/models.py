"""Tables of shared rides."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant, json_column
from backend.kernel.ids import new_id
from backend.rides.rules import SeatState

_STATES = ",".join(f"'{state}'" for state in SeatState)


class SharedRide(SQLModel, table=True):
    """One drive whose driver takes passengers in; its code changes every minute."""

    __tablename__ = "shared_ride"
    __table_args__ = (Index("ix_shared_ride_driver_id_opened_at", "driver_id", "opened_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    driver_id: str = Field(description="Account of who drives.")
    word: str = Field(unique=True, description="Six characters that name the ride aloud.")
    key_hex: str = Field(description="Key of its codes, 32 bytes; of no use once it is over.")
    wrong_codes: int = Field(default=0, description="Codes that did not fit.")
    opened_at: datetime = instant("When the driver opened it.")


class SharedSeat(SQLModel, table=True):
    """One passenger's part of a ride. Both tracks live until it is decided, a day at most."""

    __tablename__ = "shared_seat"
    __table_args__ = (
        UniqueConstraint("ride_id", "passenger_id"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint("driver_id <> passenger_id", "two_people"),
        Index("ix_shared_seat_state_joined_at", "state", "joined_at"),
        Index("ix_shared_seat_driver_id_joined_at", "driver_id", "joined_at"),
        Index("ix_shared_seat_passenger_id_joined_at", "passenger_id", "joined_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    ride_id: str = Field(foreign_key="shared_ride.id", description="Which drive.")
    driver_id: str = Field(description="Account of who drives, as on the ride.")
    passenger_id: str = Field(description="Account of who rides along.")
    joined_at: datetime = instant("When the passenger entered the code.")
    state: str = Field(default=SeatState.WAITING, description="Life of the seat.")
    labels: list[dict[str, Any]] = json_column("Why it is refused: code and what lies behind it.")
    driver_trip_id: str | None = Field(default=None, description="The driver's recording.")
    passenger_trip_id: str | None = Field(default=None, description="The passenger's recording.")
    driver_track: list[list[int | None]] | None = json_column(
        "The driver's fixes as integers, until the seat is decided.", default=None
    )
    passenger_track: list[list[int | None]] | None = json_column(
        "The passenger's fixes as integers, until the seat is decided.", default=None
    )
    started_at: datetime | None = instant("Where the two came together.", default=None)
    ended_at: datetime | None = instant("Where they parted.", default=None)
    distance_m: int | None = Field(default=None, description="Driven together. Unit: metres.")
    decided_at: datetime | None = instant("When both recordings were compared.", default=None)
