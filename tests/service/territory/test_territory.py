"""Communes and stations in the database."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.territory import queries, service
from backend.territory.errors import StationNotFoundError
from backend.territory.geo import Position
from backend.territory.service import StationFacts
from backend.territory.sources import communes
from tests.support.clock import FrozenClock

DATA = Path(__file__).parents[3] / "data" / "communes"
FACTS = communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())
BIN = StationFacts(
    source="csv",
    source_ref="17",
    name="Point tri rue des Pins",
    kind="street",
    address="3 rue des Pins",
    commune_code="13005",
    position=Position(43_292_000, 5_570_000),
    materials=("packaging", "glass"),
)


def test_seeds_communes_twice_without_doubling(database: Database) -> None:
    for _ in range(2):
        with database.transaction() as session:
            assert service.seed_communes(session, FACTS) == 108

    with database.reading() as session:
        assert len(queries.communes(session)) == 108
        assert len(queries.communes(session, kind="arrondissement")) == 16
        aubagne = queries.commune(session, "13005")
        assert aubagne is not None
        assert aubagne.name == "Aubagne"
        assert queries.commune_index(session).code_at(BIN.position) == "13005"


def test_seeds_stations_inside_their_communes(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        service.seed_communes(session, FACTS)
        stations = service.seed_stations(session, total=150, at=clock.now())
        again = service.seed_stations(session, total=150, at=clock.now())

    with database.reading() as session:
        areas = queries.commune_index(session)
        assert queries.count_stations(session) == 150
        assert [s.id for s in again] == [s.id for s in stations]
        assert {s.commune_code for s in stations} == set(areas.codes())
        for station in stations:
            position = Position(station.latitude_e6, station.longitude_e6)
            assert areas.code_at(position) == station.commune_code
            assert queries.materials_of(session, station.id)


def test_an_import_updates_what_it_made_before(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        service.seed_communes(session, FACTS)
        first = service.put_station(session, BIN, at=clock.now())
        created_at = first.created_at
    clock.advance(seconds=60)

    with database.transaction() as session:
        moved = replace(BIN, address="5 rue des Pins", materials=("glass",))
        second = service.put_station(session, moved, at=clock.now())

    with database.reading() as session:
        view = queries.station(session, first.id)
        assert second.id == first.id
        assert view.station.address == "5 rue des Pins"
        assert view.materials == ("glass",)
        assert view.station.created_at == created_at
        assert view.station.updated_at == clock.now()


def test_an_unchanged_import_touches_nothing(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        service.seed_communes(session, FACTS)
        first = service.put_station(session, BIN, at=clock.now())
    clock.advance(seconds=60)

    with database.transaction() as session:
        service.put_station(session, BIN, at=clock.now())

    with database.reading() as session:
        view = queries.station(session, first.id)
        assert view.station.updated_at < clock.now()
        assert view.materials == ("packaging", "glass")


def test_lists_stations_of_a_commune_and_kind(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        service.seed_communes(session, FACTS)
        service.seed_stations(session, total=120, at=clock.now())

    with database.reading() as session:
        in_aubagne = queries.stations(session, commune_code="13005")
        kiosks = queries.stations(session, kind="kiosk")
        assert in_aubagne
        assert {s.commune_code for s in in_aubagne} == {"13005"}
        assert {s.kind for s in kiosks} == {"kiosk"}


def test_says_when_a_station_is_unknown(database: Database) -> None:
    with database.reading() as session, pytest.raises(StationNotFoundError):
        queries.station(session, "nowhere")
