"""Geometry of the territory; the one module of this room where floats are allowed.

Outside of it a position is a pair of integers in micro-degrees (0.11 m).
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import shapely
from shapely.geometry import LinearRing, MultiPolygon, Point, Polygon, shape

from backend.territory.errors import BoundaryInvalidError

MICRO = 1_000_000
EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (IUGG 1980)."""
COAST_TOLERANCE_M = 300
"""Quays and beaches lie outside of a simplified coast line; a point so near still counts."""

_METRES_PER_DEGREE = math.pi * EARTH_RADIUS_M / 180
_MAX_TRIES = 10_000
_CENTRE_PULL = 3
_EXPECTED = (Polygon, MultiPolygon)


@dataclass(frozen=True, slots=True)
class Position:
    """A place on earth in micro-degrees (WGS 84)."""

    latitude_e6: int
    longitude_e6: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in micro-degrees."""

    south_e6: int
    west_e6: int
    north_e6: int
    east_e6: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The part of an area that lies in a box.

    Attributes:
        rings: Its edges, outer ones and holes, as (latitude_e6, longitude_e6).
        middle: A place inside it, for its name.
        share_bps: How much of the box it covers, in ten-thousandths.
    """

    code: str
    rings: tuple[tuple[tuple[int, int], ...], ...]
    middle: tuple[int, int]
    share_bps: int


class AreaIndex:
    """Tells which area holds a position; built once, then read by many.

    Args:
        boundaries: Area code → GeoJSON polygon or multipolygon, WGS 84.

    Raises:
        BoundaryInvalidError: A boundary is no polygon.
    """

    def __init__(self, boundaries: Mapping[str, str]) -> None:
        self._codes = sorted(boundaries)
        self._shapes = [_shape_of(code, boundaries[code]) for code in self._codes]
        self._tree = shapely.STRtree(self._shapes)

    def codes(self) -> tuple[str, ...]:
        """Return the codes of all areas, sorted."""
        return tuple(self._codes)

    def code_at(self, position: Position) -> str | None:
        """Return the area that holds a position (its boundary included), or `None`.

        Where two areas share the boundary the lower code wins, so that the answer never varies.
        """
        hits = self._tree.query(_point(position), predicate="intersects")
        return self._codes[min(hits)] if len(hits) else None

    def code_near(self, position: Position, *, tolerance_m: int = COAST_TOLERANCE_M) -> str | None:
        """Return the area that holds a position or whose edge is within `tolerance_m` of it."""
        found = self.code_at(position)
        if found is not None:
            return found
        scale = math.cos(math.radians(position.latitude_e6 / MICRO))
        reach = tolerance_m / (_METRES_PER_DEGREE * scale)
        hits = self._tree.query(_point(position), predicate="dwithin", distance=reach)
        near = sorted((self._shapes[i].distance(_point(position)), i) for i in hits)
        return self._codes[near[0][1]] if near else None

    def meets(self, boundary: str) -> bool:
        """Tell whether a polygon touches any area.

        Raises:
            BoundaryInvalidError: It is no polygon.
        """
        return bool(len(self._tree.query(_shape_of("", boundary), predicate="intersects")))

    def codes_at(self, position: Position) -> tuple[str, ...]:
        """Return every area that holds a position; areas of one family may overlap."""
        hits = self._tree.query(_point(position), predicate="intersects")
        return tuple(self._codes[i] for i in sorted(hits))

    def position_inside(self, code: str, draw: Callable[[int], int]) -> Position:
        """Pick a position inside an area, more often near its middle.

        Args:
            code: One of `codes()`.
            draw: Returns an integer from 0 to its argument - 1, evenly.
        """
        area = self._shapes[self._codes.index(code)]
        middle = area.representative_point()
        candidates = [_one_inside(area, draw) for _ in range(_CENTRE_PULL)]
        return _position(min(candidates, key=middle.distance))


def distance_m(one: Position, other: Position) -> int:
    """Return the great-circle distance in whole metres (haversine)."""
    lat1, lat2 = (math.radians(p.latitude_e6 / MICRO) for p in (one, other))
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians((other.longitude_e6 - one.longitude_e6) / MICRO) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return round(2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord))))


def position_of(latitude: str | float, longitude: str | float) -> Position:
    """Convert decimal degrees to micro-degrees.

    Raises:
        ValueError: Not numbers, or not on earth.
    """
    lat, lon = float(latitude), float(longitude)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # noqa: PLR2004 - degrees
        msg = "the position is not on earth"
        raise ValueError(msg)
    return Position(round(lat * MICRO), round(lon * MICRO))


def outlines(boundaries: Mapping[str, str], box: Box) -> list[Outline]:
    """Return what a map of a box shows of areas, by code; areas without a boundary are left out.

    Args:
        boundaries: Area code → GeoJSON polygon or multipolygon, WGS 84.
    """
    west, south, east, north = (
        edge / MICRO for edge in (box.west_e6, box.south_e6, box.east_e6, box.north_e6)
    )
    whole = (east - west) * (north - south)
    found = []
    for code, boundary in sorted(boundaries.items()):
        if boundary == "{}":
            continue
        part = shapely.clip_by_rect(_shape_of(code, boundary), west, south, east, north)
        polygons = [one for one in getattr(part, "geoms", [part]) if isinstance(one, Polygon)]
        polygons = [one for one in polygons if not one.is_empty]
        if polygons:
            largest = max(polygons, key=lambda one: one.area)
            middle = largest.representative_point()
            found.append(
                Outline(
                    code,
                    tuple(
                        _ring(ring) for one in polygons for ring in (one.exterior, *one.interiors)
                    ),
                    (round(middle.y * MICRO), round(middle.x * MICRO)),
                    round(sum(one.area for one in polygons) / whole * 10_000),
                )
            )
    return found


def _ring(ring: LinearRing) -> tuple[tuple[int, int], ...]:
    return tuple((round(y * MICRO), round(x * MICRO)) for x, y in ring.coords)


def check_boundary(code: str, boundary: str) -> None:
    """Make sure that a boundary is a polygon in degrees.

    Raises:
        BoundaryInvalidError: It is no GeoJSON polygon, crosses itself, or its numbers are
            no degrees (French files often come in metres, Lambert 93).
    """
    west, south, east, north = _shape_of(code, boundary).bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):  # noqa: PLR2004 - degrees
        raise BoundaryInvalidError(code, "its numbers are no degrees (WGS 84)")


def _shape_of(code: str, boundary: str) -> Polygon | MultiPolygon:
    try:
        found = shape(json.loads(boundary))
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.ShapelyError) as error:
        raise BoundaryInvalidError(code, "it is not GeoJSON") from error
    if not isinstance(found, _EXPECTED) or found.is_empty:
        raise BoundaryInvalidError(code, "it is not a polygon")
    if not found.is_valid:
        raise BoundaryInvalidError(code, "it crosses itself")
    return found


def _point(position: Position) -> Point:
    return Point(position.longitude_e6 / MICRO, position.latitude_e6 / MICRO)


def _position(point: Point) -> Position:
    return Position(round(point.y * MICRO), round(point.x * MICRO))


def _one_inside(area: Polygon | MultiPolygon, draw: Callable[[int], int]) -> Point:
    west, south, east, north = (round(edge * MICRO) for edge in area.bounds)
    for _ in range(_MAX_TRIES):
        position = Position(
            south + draw(north - south + 1),
            west + draw(east - west + 1),
        )
        if area.contains(_point(position)):
            return _point(position)
    return area.representative_point()
