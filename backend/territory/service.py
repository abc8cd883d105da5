"""Writes of the territory: communes, stations and containers; flush, never commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, update
from sqlmodel import Session, col

from backend.territory import queries
from backend.territory.geo import AreaIndex, Position
from backend.territory.models import Commune, Container, Station, Zone
from backend.territory.sources import seeds
from backend.territory.sources.communes import CommuneFacts
from backend.territory.sources.points import Line, Point
from backend.territory.sources.zones import ZoneFacts, ZoneLine


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


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became of one line of an import.

    Attributes:
        numbers: Lines of the file.
        action: create, update, unchanged or refused.
        name: Name of the station, empty when refused.
        commune_code: Commune that holds it.
        problems: Why it was refused.
    """

    numbers: tuple[int, ...]
    action: str
    name: str = ""
    commune_code: str | None = None
    problems: tuple[str, ...] = ()


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


def set_reliability(session: Session, station_id: str, reliability_bps: int) -> None:
    """Set what a station releases at once, in 1/10,000 of a reward: its last weighings say."""
    session.execute(
        update(Station).where(col(Station.id) == station_id).values(reliability_bps=reliability_bps)
    )


def import_points(
    session: Session, lines: Sequence[Line], *, source: str, is_dry_run: bool, at: datetime
) -> list[LineReport]:
    """Import drop-off points, or tell what an import would do.

    Stations that the list no longer holds stay: a short list must not close the city.

    Args:
        session: Open transaction; communes are stored already.
        lines: What a reader of `sources.points` understood.
        source: Names the list; with the point's ref it identifies a station.
        is_dry_run: True changes nothing.
        at: Time of the import.
    Returns:
        One report per line, in order.
    """
    areas = queries.commune_index(session)
    return [
        _import_line(session, line, areas, source=source, is_dry_run=is_dry_run, at=at)
        for line in lines
    ]


def _import_line(
    session: Session,
    line: Line,
    areas: AreaIndex,
    *,
    source: str,
    is_dry_run: bool,
    at: datetime,
) -> LineReport:
    if line.point is None:
        return LineReport(line.numbers, "refused", problems=line.problems)
    commune_code = areas.code_near(line.point.position)
    if commune_code is None:
        problem = "its position lies outside of the territory"
        return LineReport(line.numbers, "refused", line.point.name, problems=(problem,))
    facts = _facts_of(line.point, source, commune_code)
    standing = queries.station_by_source(session, source, facts.source_ref)
    if standing is not None:
        # A station keeps a kind that staff gave it; open data does not know kiosks.
        facts = replace(facts, kind=standing.kind) if source == "opendatasoft" else facts
        materials = queries.materials_of(session, standing.id)
        if not differs(standing, facts) and materials == facts.materials:
            return LineReport(line.numbers, "unchanged", facts.name, commune_code)
    if not is_dry_run:
        put_station(session, facts, at=at)
    action = "create" if standing is None else "update"
    return LineReport(line.numbers, action, facts.name, commune_code)


def _facts_of(point: Point, source: str, commune_code: str) -> StationFacts:
    return StationFacts(
        source=source,
        source_ref=point.ref,
        name=point.name,
        kind=point.kind,
        address=point.address,
        commune_code=commune_code,
        position=point.position,
        materials=point.materials,
    )


def import_zones(
    session: Session, lines: Sequence[ZoneLine], *, kind: str, source: str, is_dry_run: bool
) -> list[LineReport]:
    """Store zones, for example priority districts; those that stand are brought up to date.

    Args:
        kind: Family of the zones.
        source: Publisher, edition and licence, kept with each zone.
        is_dry_run: True only tells what would happen.
    Returns:
        One report per feature; those outside of the territory are refused.
    """
    areas = queries.commune_index(session)
    return [
        _import_zone(session, line, areas, kind=kind, source=source, is_dry_run=is_dry_run)
        for line in lines
    ]


def _import_zone(
    session: Session,
    line: ZoneLine,
    areas: AreaIndex,
    *,
    kind: str,
    source: str,
    is_dry_run: bool,
) -> LineReport:
    zone = line.zone
    if zone is None:
        return LineReport((line.number,), "refused", problems=line.problems)
    if not areas.meets(zone.boundary):
        problem = "it lies outside of the territory"
        return LineReport((line.number,), "refused", zone.name, problems=(problem,))
    standing = queries.zone(session, zone.code)
    if standing is not None and standing.kind != kind:
        problem = f"its code belongs to a zone of another kind ({standing.kind})"
        return LineReport((line.number,), "refused", zone.name, problems=(problem,))
    action = "create" if standing is None else "update"
    if standing is not None and _facts_of_zone(standing) == zone:
        action = "unchanged"
    elif not is_dry_run:
        session.merge(
            Zone(
                code=zone.code,
                kind=kind,
                name=zone.name,
                commune_code=zone.commune_code or None,
                boundary=zone.boundary,
                source=source,
            )
        )
        session.flush()
    return LineReport((line.number,), action, zone.name, zone.commune_code or None)


def _facts_of_zone(zone: Zone) -> ZoneFacts:
    return ZoneFacts(zone.code, zone.name, zone.commune_code or "", zone.boundary)


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
