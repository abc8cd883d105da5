"""Tables of the territory; positions are integer micro-degrees (WGS 84)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.db.types import instant
from backend.kernel.ids import new_id

STATION_KINDS = ("street", "dechetterie", "counter", "bin", "kiosk")
"""Street containers, waste centre, staffed counter, connected bin, kiosk with a screen."""

PRIORITY_DISTRICT = "priority_district"
"""Kind of the zones that French law calls quartiers prioritaires de la politique de la ville."""

_KINDS = ",".join(f"'{kind}'" for kind in STATION_KINDS)
_LATITUDE = "latitude_e6 BETWEEN -90000000 AND 90000000"
_LONGITUDE = "longitude_e6 BETWEEN -180000000 AND 180000000"


class Commune(SQLModel, table=True):
    """A commune, or a municipal arrondissement of one."""

    __tablename__ = "commune"
    __table_args__ = (
        CheckConstraint("kind IN ('commune','arrondissement')", "kind"),
        CheckConstraint("population >= 0", "population_not_negative"),
    )

    insee_code: str = Field(primary_key=True, description="INSEE code (COG).")
    name: str = Field(index=True, description="Official name.")
    kind: str = Field(description="commune or arrondissement.")
    parent_code: str | None = Field(
        default=None, description="Commune of an arrondissement; none for a commune."
    )
    population: int = Field(description="Inhabitants.")
    postcodes: str = Field(description="Postal codes, separated by spaces.")
    boundary: str = Field(description="GeoJSON MultiPolygon, WGS 84. © IGN Admin Express.")


class Station(SQLModel, table=True):
    """A place where things are dropped off."""

    __tablename__ = "station"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", "kind"),
        CheckConstraint("state IN ('open','closed')", "state"),
        CheckConstraint(_LATITUDE, "latitude_on_earth"),
        CheckConstraint(_LONGITUDE, "longitude_on_earth"),
        CheckConstraint("reliability_bps BETWEEN 0 AND 10000", "reliability_is_a_share"),
        UniqueConstraint("source", "source_ref"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(description="Name on the map and on receipts.")
    kind: str = Field(description="street, dechetterie, counter, bin or kiosk.")
    address: str = Field(description="Street and number, as people say it.")
    commune_code: str = Field(
        foreign_key="commune.insee_code", index=True, description="Commune or arrondissement."
    )
    latitude_e6: int = Field(description="Latitude in micro-degrees (WGS 84).")
    longitude_e6: int = Field(description="Longitude in micro-degrees (WGS 84).")
    state: str = Field(default="open", description="open or closed.")
    reliability_bps: int = Field(
        default=0,
        description="Share of a reward released at once, in 1/10,000; 0 for a new station.",
    )
    source: str = Field(description="Where the row comes from: seed, csv, opendatasoft, staff.")
    source_ref: str = Field(description="Its id in that source; one import updates, never doubles.")
    created_at: datetime = instant("When it was first imported.")
    updated_at: datetime = instant("When an import or a person last changed it.")


class Container(SQLModel, table=True):
    """A container of a station, for one material."""

    __tablename__ = "container"
    __table_args__ = (
        UniqueConstraint("station_id", "material", "label"),
        CheckConstraint("volume_l > 0", "volume_positive"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    station_id: str = Field(
        foreign_key="station.id", index=True, description="Station where it stands."
    )
    material: str = Field(description="One of the materials that codes know, for example glass.")
    label: str = Field(default="1", description="Tells two containers of one material apart.")
    volume_l: int = Field(default=3000, description="Capacity. Unit: litres.")
    position: int = Field(default=0, description="Order at the station; 0 is its main material.")


class Zone(SQLModel, table=True):
    """A polygon that rules or reports name, for example a priority district."""

    __tablename__ = "zone"

    code: str = Field(primary_key=True, description="Code in its source, for example QN01301I.")
    kind: str = Field(index=True, description="priority_district or another family of zones.")
    name: str = Field(description="Name for people.")
    commune_code: str | None = Field(default=None, description="Commune that it lies in.")
    boundary: str = Field(description="GeoJSON MultiPolygon, WGS 84.")
    source: str = Field(description="Publisher, edition and licence.")
