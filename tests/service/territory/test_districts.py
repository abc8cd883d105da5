"""Priority districts: read from GeoJSON, reported one by one, found by position."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backend import cli
from backend.db.engine import Database
from backend.territory import queries, service
from backend.territory.errors import ImportUnreadableError
from backend.territory.geo import Position
from backend.territory.models import PRIORITY_DISTRICT
from backend.territory.service import LineReport
from backend.territory.sources import communes, zones

DATA = Path(__file__).parents[3] / "data" / "communes"
FACTS = communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())
INSIDE = Position(43_335_000, 5_375_000)
"""In the 14th arrondissement of Marseille, in the square of the test's first district."""


def square(west: float, south: float, size: float = 0.02) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(code: str, name: str, geometry: dict[str, Any] | None) -> dict[str, Any]:
    properties = {"code_qp": code, "lib_qp": name, "insee_com": "13055"}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: dict[str, Any]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


NORTH = feature("QN01301M", "Les Rosiers", square(5.365, 43.325))
FILE = collection(
    NORTH,
    feature("QN07501M", "Ailleurs", square(2.35, 48.85)),
    feature("", "Sans code", square(5.4, 43.3)),
    feature("QN01302M", "Sans contour", None),
    feature("QN01303M", "En mètres", square(893_000, 6_247_000, 500)),
    NORTH,
)


def run(database: Database, text: str, *, is_dry_run: bool = False) -> list[LineReport]:
    with database.transaction() as session:
        if not queries.communes(session):
            service.seed_communes(session, FACTS)
        return service.import_zones(
            session,
            zones.read(text),
            kind=PRIORITY_DISTRICT,
            source="test",
            is_dry_run=is_dry_run,
        )


def found(database: Database, position: Position) -> str | None:
    with database.reading() as session:
        return queries.district_at(session, position)


def test_each_feature_is_reported_and_a_dry_run_changes_nothing(database: Database) -> None:
    reports = run(database, FILE, is_dry_run=True)

    assert [report.action for report in reports] == ["create", *["refused"] * 5]
    words = " ".join(problem for report in reports for problem in report.problems)
    assert "outside of the territory" in words
    assert "not a polygon" in words or "not GeoJSON" in words
    assert "no degrees" in words
    assert "stands twice" in words
    assert found(database, INSIDE) is None


def test_a_position_is_found_in_its_district(database: Database) -> None:
    run(database, FILE)

    assert found(database, INSIDE) == "QN01301M"
    assert found(database, Position(43_290_000, 5_375_000)) is None


def test_a_new_edition_of_the_file_moves_the_district(database: Database) -> None:
    run(database, collection(NORTH))
    assert run(database, collection(NORTH))[0].action == "unchanged"

    moved = feature("QN01301M", "Les Rosiers", square(5.365, 43.345))

    assert run(database, collection(moved))[0].action == "update"
    assert found(database, INSIDE) is None


@pytest.mark.parametrize("text", ["", "[]", '{"features": []}', "PK\x03"])
def test_a_file_without_features_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(ImportUnreadableError):
        zones.read(text)


def test_the_command_line_tries_first_and_stores_on_demand(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    run(Database(sqlite_url), collection(NORTH), is_dry_run=True)
    path = tmp_path / "qpv.geojson"
    path.write_text(FILE)

    tried = CliRunner().invoke(cli.app, ["territory", "import-districts", str(path)])
    stored = CliRunner().invoke(cli.app, ["territory", "import-districts", str(path), "--apply"])
    asked = CliRunner().invoke(cli.app, ["territory", "district", "43.335", "5.375"])

    assert "1 create, 5 refused. Dry run" in tried.output
    assert "1 create, 5 refused. Stored." in stored.output
    assert "Les Rosiers (QN01301M)" in asked.output
