"""The small map: where dots are, and how far things are apart."""

import json

from backend.territory.models import Commune
from backend.web import little_map
from backend.web.little_map import Spot


def _square(code: str, west: float, south: float) -> Commune:
    east, north = west + 0.02, south + 0.02
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    boundary = json.dumps({"type": "MultiPolygon", "coordinates": [[ring]]})
    return Commune(
        insee_code=code, name=code, kind="commune", population=1, postcodes="", boundary=boundary
    )


# Vieux-Port of Marseille and Cours Mirabeau of Aix: 26.3 km by the formula of haversine.
COMMUNES = {"A": _square("A", 5.3598, 43.2850), "B": _square("B", 5.4374, 43.5167)}
PORT = Spot("A", 43_295_000, 5_374_000)
COURS = Spot("B", 43_526_700, 5_447_400)


def test_distances_are_those_of_the_ground() -> None:
    assert little_map.km_between(COMMUNES, PORT, COURS) in (25, 26, 27)
    assert little_map.km_between(COMMUNES, Spot("A"), Spot("A")) == 0
    assert little_map.km_between(COMMUNES, Spot("A"), Spot("unknown")) is None


def test_a_dot_is_at_the_door_where_it_is_known_and_amid_the_commune_otherwise() -> None:
    _, dots = little_map.draw(COMMUNES, [PORT, PORT, Spot("A")])

    assert {(dot.name, dot.count) for dot in dots} == {("A", 2), ("A", 1)}
    assert len({(dot.x, dot.y) for dot in dots}) == 2
