"""Exact geometry on integers: point in polygon with the boundary inside, point in circle."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

SCALE_DIGITS = 18
"""Degrees are held as integers of 1e-18 degree, enough for every digit of a GeoJSON file."""

_SCALE = 10**SCALE_DIGITS
_METRES_PER_DEGREE = Fraction(40_030_229, 360)
"""Mean circumference of the earth per degree (mean radius 6,371,008.8 m, IUGG 1980)."""

Point = tuple[int, int]
Ring = tuple[Point, ...]


def scaled(degrees: Decimal | Fraction) -> int:
    """Return degrees as an integer of 1e-18 degree; digits beyond are cut."""
    fraction = Fraction(degrees)
    return int(fraction * _SCALE // 1)


def is_in_polygons(point: Point, polygons: Sequence[Sequence[Ring]]) -> bool:
    """Tell whether a point (x, y) lies in any polygon: outline first, then holes.

    A point on a boundary counts as inside, on the edge of a hole too.
    """
    return any(_is_in_polygon(point, polygon) for polygon in polygons)


def _is_in_polygon(point: Point, rings: Sequence[Ring]) -> bool:
    outline = _side(point, rings[0])
    if outline <= 0:
        return outline == 0
    return all(_side(point, hole) <= 0 for hole in rings[1:])


def _side(point: Point, ring: Ring) -> int:
    """Return 1 inside, 0 on the boundary, -1 outside (even-odd rule, no division)."""
    x, y = point
    is_inside = False
    ax, ay = ring[-1]
    for bx, by in ring:
        if (ay > y) != (by > y) or y in (ay, by):
            cross = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
            if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
                return 0
            if (ay > y) != (by > y) and (cross > 0) == (by > ay):
                is_inside = not is_inside
        ax, ay = bx, by
    return 1 if is_inside else -1


class FlatCircle:
    """A circle on a locally flat earth, compared in integers.

    Args:
        lat: Latitude of the centre in degrees.
        lon: Longitude of the centre in degrees.
        radius_m: Radius in metres, inclusive.
    """

    def __init__(self, lat: Fraction, lon: Fraction, radius_m: int) -> None:
        self._centre = (scaled(lon), scaled(lat))
        self._cos_ppm = _cosine_ppm(lat)
        per_degree = _METRES_PER_DEGREE
        self._limit: int = int(Fraction(radius_m) / per_degree * _SCALE * 1_000_000 // 1)

    def contains(self, point: Point) -> bool:
        """Tell whether a scaled point (x, y) lies within the radius."""
        dx = abs(point[0] - self._centre[0])
        dx = min(dx, 360 * _SCALE - dx) * self._cos_ppm
        dy = (point[1] - self._centre[1]) * 1_000_000
        return bool(dx * dx + dy * dy <= self._limit * self._limit)


def _cosine_ppm(lat: Fraction) -> int:
    """Return the cosine of a latitude in millionths, by its Taylor series in decimals."""
    with localcontext() as context:
        context.prec = 40
        pi = Decimal("3.14159265358979323846264338327950288")
        angle = Decimal(lat.numerator) / Decimal(lat.denominator) * pi / 180
        term, total = Decimal(1), Decimal(1)
        for n in range(1, 25):
            term *= -angle * angle / ((2 * n - 1) * (2 * n))
            total += term
        return int((total * 1_000_000).to_integral_value())
