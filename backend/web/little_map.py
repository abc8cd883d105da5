"""A small map of the communes, drawn by the server: outlines, and a dot where something is."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from backend.territory.models import Commune
from backend.web.contexts import OfferDot

WEST_E6, EAST_E6 = 4_650_000, 5_900_000
SOUTH_E6, NORTH_E6 = 43_100_000, 43_850_000
"""The rectangle around the metropolis, in micro-degrees; the picture is 1,000 by 820."""
WIDTH, HEIGHT = 1_000, 820
UNIT_M = 101
"""Metres per unit of the picture, in both directions at 43.5° north within one per cent."""
POINTS_MAX = 24
"""Per outline: a hint of the shape, not a survey."""


@dataclass(frozen=True)
class Spot:
    """Something on the map: in a commune, and where exactly if that is known."""

    commune_code: str
    latitude_e6: int | None = None
    longitude_e6: int | None = None


def draw(
    communes: Mapping[str, Commune], spots: Iterable[Spot]
) -> tuple[tuple[str, ...], tuple[OfferDot, ...]]:
    """Return outlines of communes as SVG paths, and dots: at the spot, else amid the commune.

    Args:
        communes: INSEE code → commune.
    """
    shapes = {code: _ring(commune.boundary) for code, commune in communes.items()}
    outlines = tuple(_path(ring) for ring in shapes.values() if ring)
    counted = Counter(
        (*place, communes[spot.commune_code].name)
        for spot in spots
        if (place := _place(spot, shapes)) is not None
    )
    dots = tuple(OfferDot(x=x, y=y, name=name, count=n) for (x, y, name), n in counted.items())
    return outlines, dots


def km_between(communes: Mapping[str, Commune], one: Spot, other: Spot) -> int | None:
    """Return how far two spots are apart as the crow flies, in whole kilometres, rounded down.

    Returns:
        0 within one commune where a spot is not known better, `None` for an unknown commune.
    """
    is_vague = one.latitude_e6 is None or other.latitude_e6 is None
    if one.commune_code == other.commune_code and is_vague:
        return 0
    codes = {one.commune_code, other.commune_code} & communes.keys()
    shapes = {code: _ring(communes[code].boundary) for code in codes}
    here, there = _place(one, shapes), _place(other, shapes)
    if here is None or there is None:
        return None
    return math.isqrt((here[0] - there[0]) ** 2 + (here[1] - there[1]) ** 2) * UNIT_M // 1_000


def _place(spot: Spot, shapes: Mapping[str, tuple[tuple[int, int], ...]]) -> tuple[int, int] | None:
    ring = shapes.get(spot.commune_code)
    if not ring:
        return None
    if spot.latitude_e6 is not None and spot.longitude_e6 is not None:
        return _units(spot.longitude_e6, spot.latitude_e6)
    return _mean(x for x, _ in ring), _mean(y for _, y in ring)


@lru_cache(maxsize=256)
def _ring(boundary: str) -> tuple[tuple[int, int], ...]:
    found = json.loads(boundary)
    if "coordinates" not in found:
        return ()
    polygons = found["coordinates"] if found["type"] == "MultiPolygon" else [found["coordinates"]]
    longest: list[list[float]] = max((polygon[0] for polygon in polygons), key=len, default=[])
    step = max(1, len(longest) // POINTS_MAX)
    return tuple(_project(longitude, latitude) for longitude, latitude, *_ in longest[::step])


def _project(longitude: float, latitude: float) -> tuple[int, int]:  # degrees of GeoJSON
    return _units(round(longitude * 1_000_000), round(latitude * 1_000_000))


def _units(longitude_e6: int, latitude_e6: int) -> tuple[int, int]:
    x = (longitude_e6 - WEST_E6) * WIDTH // (EAST_E6 - WEST_E6)
    y = (NORTH_E6 - latitude_e6) * HEIGHT // (NORTH_E6 - SOUTH_E6)
    return x, y


def _path(ring: tuple[tuple[int, int], ...]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in ring) + "Z"


def _mean(numbers: Iterable[int]) -> int:
    found = tuple(numbers)
    return sum(found) // len(found)
