"""Reads of the territory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import func
from sqlmodel import Session, col, select

from backend.territory.errors import StationNotFoundError
from backend.territory.geo import AreaIndex, Position
from backend.territory.models import PRIORITY_DISTRICT, Commune, Container, Station, Zone


@dataclass(frozen=True, slots=True)
class StationView:
    """A station with the materials that it takes; the first is its main one."""

    station: Station
    materials: tuple[str, ...]


def communes(session: Session, *, kind: str | None = None) -> Sequence[Commune]:
    """Return communes by name; `kind` keeps "commune" or "arrondissement" only."""
    statement = select(Commune)
    if kind is not None:
        statement = statement.where(col(Commune.kind) == kind)
    return session.exec(statement.order_by(col(Commune.name))).all()


def commune(session: Session, insee_code: str) -> Commune | None:
    """Return a commune or arrondissement by its INSEE code."""
    return session.get(Commune, insee_code)


def finest_areas(session: Session) -> list[Commune]:
    """Return arrondissements where a commune has them, and every other commune."""
    rows = session.exec(select(Commune)).all()
    parents = {row.parent_code for row in rows if row.parent_code}
    return [row for row in rows if row.insee_code not in parents]


def commune_index(session: Session) -> AreaIndex:
    """Build the index of the finest areas."""
    return AreaIndex({row.insee_code: row.boundary for row in finest_areas(session)})


def zone_index(session: Session, kind: str) -> AreaIndex:
    """Return the index of one family of zones, for example priority districts.

    It is built anew only when the zones changed: reading some hundred boundaries takes
    a millisecond, preparing them for look-up fifty.
    """
    statement = select(Zone.code, Zone.boundary).where(col(Zone.kind) == kind)
    return _index_of(tuple(session.exec(statement.order_by(col(Zone.code))).all()))


def zones(session: Session, kind: str) -> Sequence[Zone]:
    """Return the zones of one family by code; empty when none is loaded."""
    return session.exec(select(Zone).where(col(Zone.kind) == kind).order_by(col(Zone.code))).all()


def district_at(session: Session, position: Position) -> str | None:
    """Return the code of the priority district that holds a position, or `None`."""
    return zone_index(session, PRIORITY_DISTRICT).code_at(position)


def zone(session: Session, code: str) -> Zone | None:
    """Return a zone by its code."""
    return session.get(Zone, code)


@lru_cache(maxsize=4)
def _index_of(rows: tuple[tuple[str, str], ...]) -> AreaIndex:
    return AreaIndex(dict(rows))


def station(session: Session, station_id: str) -> StationView:
    """Return a station and its materials.

    Raises:
        StationNotFoundError: No station has this id.
    """
    found = session.get(Station, station_id)
    if found is None:
        raise StationNotFoundError(station_id)
    return StationView(found, materials_of(session, station_id))


def materials_of(session: Session, station_id: str) -> tuple[str, ...]:
    """Return what a station takes, its main material first, each once."""
    statement = select(Container.material).where(col(Container.station_id) == station_id)
    rows = session.exec(statement.order_by(col(Container.position), col(Container.material))).all()
    return tuple(dict.fromkeys(rows))


def materials_by_station(
    session: Session, station_ids: Iterable[str]
) -> Mapping[str, tuple[str, ...]]:
    """Return what each station takes, main material first, in one query."""
    statement = select(Container).where(col(Container.station_id).in_(list(station_ids)))
    rows = session.exec(statement.order_by(col(Container.position), col(Container.material)))
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        found.setdefault(row.station_id, {})[row.material] = None
    return {station_id: tuple(materials) for station_id, materials in found.items()}


def volume_l(session: Session, station_id: str, material: str) -> int:
    """Return how much of a material a station's containers hold together. Unit: litres."""
    statement = select(func.coalesce(func.sum(Container.volume_l), 0)).where(
        col(Container.station_id) == station_id, col(Container.material) == material
    )
    return int(session.exec(statement).one())


def stations(
    session: Session, *, commune_code: str | None = None, kind: str | None = None, limit: int = 500
) -> Sequence[Station]:
    """Return stations by name."""
    statement = select(Station)
    if commune_code is not None:
        statement = statement.where(col(Station.commune_code) == commune_code)
    if kind is not None:
        statement = statement.where(col(Station.kind) == kind)
    return session.exec(statement.order_by(col(Station.name), col(Station.id)).limit(limit)).all()


def find_stations(session: Session, words: str, *, limit: int = 30) -> Sequence[Station]:
    """Return open stations whose name or address holds the words, by name."""
    statement = select(Station).where(
        col(Station.state) == "open",
        col(Station.name).icontains(words, autoescape=True)
        | col(Station.address).icontains(words, autoescape=True),
    )
    return session.exec(statement.order_by(col(Station.name), col(Station.id)).limit(limit)).all()


def station_by_source(session: Session, source: str, source_ref: str) -> Station | None:
    """Return the station that an import made."""
    statement = select(Station).where(
        col(Station.source) == source, col(Station.source_ref) == source_ref
    )
    return session.exec(statement).one_or_none()


def station_named(session: Session, name: str) -> Station | None:
    """Return a station by its id or, where only one list has it, by its reference there."""
    found = session.get(Station, name)
    if found is not None:
        return found
    statement = select(Station).where(col(Station.source_ref) == name).limit(2)
    rows = session.exec(statement).all()
    return rows[0] if len(rows) == 1 else None


def count_stations(session: Session) -> int:
    """Return how many stations there are."""
    return int(session.exec(select(func.count()).select_from(Station)).one())


def stations_of(session: Session, station_ids: Sequence[str]) -> dict[str, Station]:
    """Return id → station, for those that exist."""
    statement = select(Station).where(col(Station.id).in_(station_ids))
    return {station.id: station for station in session.exec(statement).all()}
