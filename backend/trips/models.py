"""Tables of trips, of the factors behind their CO2, and of timetables."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import BigInt, instant, json_column, serial_key
from backend.kernel.ids import new_id
from backend.trips.rules import TripSource, TripState

_STATES = ",".join(f"'{state}'" for state in TripState)
_SOURCES = ",".join(f"'{source}'" for source in TripSource)


class Trip(SQLModel, table=True):
    """One recorded trip. Its points live until the verdict, its picture for a month.

    The claim that it becomes has the same public id.
    """

    __tablename__ = "trip"
    __table_args__ = (
        UniqueConstraint("account_id", "idempotency_key"),
        CheckConstraint(f"state IN ({_STATES})", "state"),
        CheckConstraint(f"source IN ({_SOURCES})", "source"),
        CheckConstraint("started_at <= ended_at", "order"),
        Index("ix_trip_state_received_at", "state", "received_at"),
        Index("ix_trip_account_id_started_at", "account_id", "started_at"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    account_id: str = Field(description="Who travelled.")
    idempotency_key: str = Field(description="Made by the client; a retry gets the same trip.")
    content_key: str = Field(
        unique=True, description="SHA-256 of times and places: one recording is one trip, for all."
    )
    source: str = Field(description="phone (our page), file, or partner (signed).")
    device_number: int = Field(
        default=0, sa_type=BigInt, description="Operator that signed the request; 0 for none."
    )
    received_at: datetime = instant("When it was stored.", index=True)
    started_at: datetime = instant("First fix.")
    ended_at: datetime = instant("Last fix.")
    state: str = Field(default=TripState.RECEIVED, description="Life of the trip.")
    points: list[list[int | None]] | None = json_column(
        "Fixes as integers, until the verdict; see mobility.storing.", default=None
    )
    finding: dict[str, Any] = json_column(
        "Verdict, legs and CO2, as `calanque mobility verify` prints them; empty until judged.",
        default_factory=dict,
    )
    path: list[dict[str, Any]] = json_column(
        "Simplified legs for the map, both ends cut off; emptied after a month.",
        default_factory=list,
    )
    start_cell: str | None = Field(
        default=None, description="Where it began, to a hundredth of a degree; kept as the path."
    )
    end_cell: str | None = Field(
        default=None, description="Where it ended, to a hundredth of a degree; kept as the path."
    )
    length_m: int | None = Field(
        default=None, index=True, description="Length of the recording. Unit: metres."
    )
    shape: str | None = Field(
        default=None,
        sa_type=Text,
        description="Fingerprint: displacements without place, base64; kept for 400 days.",
    )


class RiderLink(SQLModel, table=True):
    """A word that a citizen gives to an operator, which names it in its validations."""

    __tablename__ = "rider_link"

    code: str = Field(primary_key=True, description="Sixteen characters that look different.")
    account_id: str = Field(index=True, description="Who gave it.")
    created_at: datetime = instant("When it was made.")


class EmissionFactorRow(SQLModel, table=True):
    """One emission factor in one edition; never changed, a later row supersedes it."""

    __tablename__ = "emission_factor"
    __table_args__ = (
        UniqueConstraint("code", "edition"),
        CheckConstraint("kind IN ('emission','impact','avoided')", "kind"),
        CheckConstraint("value >= 0", "value_is_positive"),
    )

    id: int | None = serial_key("Order of arrival.")
    code: str = Field(description="Dotted name, the same in every edition.")
    kind: str = Field(
        description="emission of an activity, gross impact of an end of life, or net avoided."
    )
    value: int = Field(sa_type=BigInt, description="Thousandths of `unit`; integers only.")
    unit: str = Field(description="g/pkm, g/vkm or g/kg of CO2 equivalent.")
    scope: str = Field(description="What the figure includes.")
    source: str = Field(description="Who published it.")
    source_url: str = Field(description="Where it was read.")
    edition: str = Field(description="Which edition of the source.")
    licence: str = Field(description="Under which terms.")
    valid_from: date = Field(description="First day.")
    valid_to: date | None = Field(default=None, description="Last day; none while it stands.")


class TransitFeed(SQLModel, table=True):
    """A timetable in use (GTFS): the newest row of a name counts."""

    __tablename__ = "transit_feed"
    __table_args__ = (UniqueConstraint("name", "digest"),)

    id: int | None = serial_key("Order of import; the newest of a name is in use.")
    name: str = Field(description="What staff call it, for example rtm.")
    digest: str = Field(description="SHA-256 of the archive as imported.")
    time_zone: str = Field(description="Zone of its times (agency_timezone).")
    stops: int = Field(description="Number of stops.")
    routes: int = Field(description="Number of lines.")
    runs: int = Field(description="Number of runs.")
    valid_to: date | None = Field(default=None, description="Last day with a service.")
    archive: str = Field(sa_type=Text, description="Zip of the tables that matching reads, base64.")
    imported_at: datetime = instant("When it was imported.")
