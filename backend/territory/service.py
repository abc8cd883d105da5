"""Writes of the territory: communes, stations and containers; flush, never commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from backend.territory import queries
from backend.territory.geo import Position
from backend.territory.models import Commune, Container, Station
from backend.territory.sources import seeds
from backend.territory.sources.communes import CommuneFacts


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What a source says about one station."""

    source: str
    source_ref: str
    name: str
    kind: str
    address: str
    commune_code: str
    position: Position
    materials: tuple[str, ...]


def seed_communes(session: Session, facts: Iterable[CommuneFacts]) -> int:
    """Store communes and arrondissements; those that stand are brought up to date.

    Returns:
        How many rows were given.
    """
    given = 0
    for fact in facts:
        session.merge(
            Commune(
                insee_code=fact.insee_code,
                name=fact.name,
                kind=fact.kind,
                parent_code=fact.parent_code,
                population=fact.population,
                postcodes=fact.postcodes,
                boundary=fact.boundary,
            )
        )
        given += 1
    session.flush()
    return given


def seed_stations(
    session: Session, *, total: int, at: datetime, seed: str = "calanque"
) -> list[Station]:
    """Store plausible stations inside the communes, more where more people live.

    The same seed gives the same stations; a second call changes nothing.

    Args:
        session: Open transaction; communes are stored already.
        total: How many stations.
        at: Time of creation.
        seed: Names the draw.
    """
    areas = queries.commune_index(session)
    finest = set(areas.codes())
    populations = {
        row.insee_code: row.population
        for row in queries.communes(session)
        if row.insee_code in finest
    }
    return [
        put_station(
            session,
            StationFacts(
                source="seed",
                source_ref=found.ref,
                name=found.name,
                kind=found.kind,
                address=found.address,
                commune_code=found.commune_code,
                position=found.position,
                materials=found.materials,
            ),
            at=at,
        )
        for found in seeds.stations(areas, populations, total=total, seed=seed)
    ]


def put_station(session: Session, facts: StationFacts, *, at: datetime) -> Station:
    """Store a station, or bring the one of the same source up to date.

    Effects: one station; its containers are replaced when the materials differ.
    """
    found = queries.station_by_source(session, facts.source, facts.source_ref)
    station = found or Station(
        name=facts.name,
        kind=facts.kind,
        address=facts.address,
        commune_code=facts.commune_code,
        latitude_e6=facts.position.latitude_e6,
        longitude_e6=facts.position.longitude_e6,
        source=facts.source,
        source_ref=facts.source_ref,
        created_at=at,
        updated_at=at,
    )
    if found is None or differs(found, facts):
        station.name, station.kind, station.address = facts.name, facts.kind, facts.address
        station.commune_code = facts.commune_code
        station.latitude_e6 = facts.position.latitude_e6
        station.longitude_e6 = facts.position.longitude_e6
        station.updated_at = at
    session.add(station)
    session.flush()
    if queries.materials_of(session, station.id) != facts.materials:
        _replace_containers(session, station.id, facts.materials)
    return station


def differs(station: Station, facts: StationFacts) -> bool:
    """Tell whether a stored station says something else than its source."""
    stored = (
        station.name,
        station.kind,
        station.address,
        station.commune_code,
        Position(station.latitude_e6, station.longitude_e6),
    )
    return stored != (facts.name, facts.kind, facts.address, facts.commune_code, facts.position)


def _replace_containers(session: Session, station_id: str, materials: tuple[str, ...]) -> None:
    session.execute(delete(Container).where(col(Container.station_id) == station_id))
    for position, material in enumerate(materials):
        session.add(Container(station_id=station_id, material=material, position=position))
    session.flush()
