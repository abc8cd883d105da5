"""Imports of drop-off points into the database."""

from pathlib import Path

from backend.db.engine import Database
from backend.territory import queries, service
from backend.territory.service import LineReport
from backend.territory.sources import communes, points
from tests.support.clock import FrozenClock

DATA = Path(__file__).parents[3] / "data" / "communes"
FACTS = communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())
TEXT = """ref,name,kind,address,latitude,longitude,materials
1,Point tri,street,3 rue des Pins,43.292,5.57,glass paper
2,Au large,street,en mer,42.9,5.1,glass
3,Sans matière,street,3 rue des Pins,43.292,5.57,
"""


def run(
    database: Database, clock: FrozenClock, text: str, *, is_dry_run: bool = False
) -> list[LineReport]:
    lines = points.read_csv(text, known_materials=("glass", "paper"))
    with database.transaction() as session:
        return service.import_points(
            session, lines, source="csv", is_dry_run=is_dry_run, at=clock.now()
        )


def seed(database: Database) -> None:
    with database.transaction() as session:
        service.seed_communes(session, FACTS)


def test_a_dry_run_tells_everything_and_changes_nothing(
    database: Database, clock: FrozenClock
) -> None:
    seed(database)

    reports = run(database, clock, TEXT, is_dry_run=True)

    assert [report.action for report in reports] == ["create", "refused", "refused"]
    assert reports[0].commune_code == "13005"
    assert reports[1].problems == ("its position lies outside of the territory",)
    with database.reading() as session:
        assert queries.count_stations(session) == 0


def test_a_second_import_changes_only_what_differs(database: Database, clock: FrozenClock) -> None:
    seed(database)
    assert run(database, clock, TEXT)[0].action == "create"
    assert run(database, clock, TEXT)[0].action == "unchanged"

    changed = run(database, clock, TEXT.replace("glass paper", "glass"))

    assert changed[0].action == "update"
    with database.reading() as session:
        [station] = queries.stations(session)
        assert queries.materials_by_station(session, [station.id]) == {station.id: ("glass",)}


def test_open_data_keeps_the_kind_that_staff_gave(database: Database, clock: FrozenClock) -> None:
    seed(database)
    text = 'geo_point_2d;flux_lib;adresse\n"43.292, 5.57";Verre;3 rue\n'
    lines = points.read_opendatasoft(text)
    with database.transaction() as session:
        service.import_points(
            session, lines, source="opendatasoft", is_dry_run=False, at=clock.now()
        )
        [station] = queries.stations(session)
        station.kind = "kiosk"
        session.add(station)

    with database.transaction() as session:
        [report] = service.import_points(
            session, lines, source="opendatasoft", is_dry_run=False, at=clock.now()
        )

    assert report.action == "unchanged"
