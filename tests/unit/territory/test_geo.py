"""Positions, areas and distances."""

import json
import random
from pathlib import Path

import pytest

from backend.territory.errors import BoundaryInvalidError
from backend.territory.geo import AreaIndex, Position, distance_m, position_of
from backend.territory.sources import communes

DATA = Path(__file__).parents[3] / "data" / "communes"
VIEUX_PORT = Position(43_296_482, 5_369_780)


def square(west: float, south: float, side: float = 1.0) -> str:
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


TWO = AreaIndex({"B": square(1, 0), "A": square(0, 0)})


@pytest.fixture(scope="module")
def territory() -> AreaIndex:
    facts = communes.read((DATA / "amp.csv").read_text(), (DATA / "amp.geojson").read_text())
    parents = {fact.parent_code for fact in facts}
    return AreaIndex({f.insee_code: f.boundary for f in facts if f.insee_code not in parents})


def test_finds_the_area_that_holds_a_position() -> None:
    assert TWO.code_at(Position(500_000, 500_000)) == "A"
    assert TWO.code_at(Position(500_000, 1_500_000)) == "B"
    assert TWO.code_at(Position(500_000, 2_500_000)) is None


def test_a_shared_boundary_belongs_to_the_lower_code() -> None:
    assert TWO.code_at(Position(500_000, 1_000_000)) == "A"
    assert TWO.codes_at(Position(500_000, 1_000_000)) == ("A", "B")


def test_a_position_off_the_coast_counts_for_the_nearest_area() -> None:
    just_off = Position(500_000, 2_001_000)

    assert TWO.code_at(just_off) is None
    assert TWO.code_near(just_off, tolerance_m=120) == "B"
    assert TWO.code_near(just_off, tolerance_m=100) is None
    assert TWO.code_near(Position(500_000, 500_000)) == "A"


@pytest.mark.parametrize(
    ("position", "code"),
    [
        (VIEUX_PORT, "13202"),
        (Position(43_529_742, 5_447_427), "13001"),  # Aix, Rotonde
        (Position(43_292_000, 5_570_000), "13005"),  # Aubagne
        (Position(43_675_000, 5_097_000), "13103"),  # north of Salon-de-Provence
    ],
)
def test_knows_places_of_the_territory(territory: AreaIndex, position: Position, code: str) -> None:
    assert territory.code_near(position) == code


def test_holds_all_communes_with_arrondissements_in_place_of_marseille(
    territory: AreaIndex,
) -> None:
    assert len(territory.codes()) == 91 + 16
    assert "13055" not in territory.codes()


def test_picks_positions_inside_every_area(territory: AreaIndex) -> None:
    draw = random.Random(7).randrange

    for code in territory.codes():
        assert territory.code_at(territory.position_inside(code, draw)) == code


@pytest.mark.parametrize(
    ("boundary", "problem"),
    [
        ("no json", "not GeoJSON"),
        ('{"type": "Nothing"}', "not GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', "not a polygon"),
        ('{"type": "Polygon", "coordinates": []}', "not a polygon"),
        (
            '{"type": "Polygon", "coordinates": [[[0,0],[1,1],[1,0],[0,1],[0,0]]]}',
            "crosses itself",
        ),
    ],
)
def test_refuses_a_boundary_that_encloses_nothing(boundary: str, problem: str) -> None:
    with pytest.raises(BoundaryInvalidError, match=problem):
        AreaIndex({"X": boundary})


def test_measures_distances_on_earth() -> None:
    # One degree of latitude on the mean sphere, and Vieux-Port to Rotonde by haversine.
    assert distance_m(Position(0, 0), Position(1_000_000, 0)) == 111_195
    assert distance_m(VIEUX_PORT, VIEUX_PORT) == 0
    assert distance_m(VIEUX_PORT, Position(43_529_742, 5_447_427)) == 26_685


def test_reads_decimal_degrees() -> None:
    assert position_of("43.2964820", "5.36978") == VIEUX_PORT


@pytest.mark.parametrize(
    ("latitude", "longitude"), [("91", "0"), ("0", "181"), ("x", "0"), ("nan", "0")]
)
def test_refuses_positions_off_earth(latitude: str, longitude: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        position_of(latitude, longitude)
