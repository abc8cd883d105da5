"""A small map of the communes, drawn by the server: outlines, and a dot where something is."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from backend.territory.models import Commune
from backend.web.contexts import OfferDot

WEST_E6, EAST_E6 = 4_650_000, 5_900_000
SOUTH_E6, NORTH_E6 = 43_100_000, 43_850_000
"""The rectangle around the metropolis, in micro-degrees; the picture is 1,000 by 820."""
WIDTH, HEIGHT = 1_000, 820
POINTS_MAX = 24
"""Per outline: a hint of the shape, not a survey."""


def draw(
    communes: Mapping[str, Commune], codes: Iterable[str]
) -> tuple[tuple[str, ...], tuple[OfferDot, ...]]:
    """Return outlines of communes as SVG paths, and a dot per commune that is named.

    Args:
        communes: INSEE code → commune.
        codes: INSEE codes of what is shown, one per thing.
    """
    shapes = {code: _ring(commune.boundary) for code, commune in communes.items()}
    outlines = tuple(_path(ring) for ring in shapes.values() if ring)
    dots = tuple(
        OfferDot(
            x=_mean(x for x, _ in shapes[code]),
            y=_mean(y for _, y in shapes[code]),
            name=communes[code].name,
            count=count,
        )
        for code, count in Counter(codes).items()
        if shapes.get(code)
    )
    return outlines, dots


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
    x = (round(longitude * 1_000_000) - WEST_E6) * WIDTH // (EAST_E6 - WEST_E6)
    y = (NORTH_E6 - round(latitude * 1_000_000)) * HEIGHT // (NORTH_E6 - SOUTH_E6)
    return x, y


def _path(ring: tuple[tuple[int, int], ...]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in ring) + "Z"


def _mean(numbers: Iterable[int]) -> int:
    found = tuple(numbers)
    return sum(found) // len(found)
