"""Maps drawn by the server: communes as outlines, the way as lines; no tiles, no third party."""

from collections.abc import Mapping, Sequence
from math import cos, radians
from typing import Any

from sqlmodel import Session

from backend.territory import geo
from backend.territory import queries as territory_queries
from backend.web.contexts import MapLabel, MapPart, TripMap

WIDTH = 1_000
"""Units of the drawing; its height follows from the way."""
MARGIN_BPS = 1_500
MIN_SPAN_E6 = 12_000
"""About 1.3 km from north to south: a shorter way is not blown up to fill the phone."""
MAX_RATIO, MIN_RATIO = 1.25, 0.6
"""Height to width; a phone in the hand is upright."""
LABEL_SHARE_BPS = 400
LETTER_WIDTH, LINE_HEIGHT = 19, 46
"""Of a name at the size of `.map-label`, with a margin."""
_SCALES_M = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_METRES_PER_E6 = 0.1112


def trip_map(session: Session, path: Sequence[Mapping[str, Any]]) -> TripMap | None:
    """Draw a trip; `None` when its map was forgotten or never was.

    Args:
        path: Legs with mode and [latitude_e6, longitude_e6] pairs.
    """
    places = [place for part in path for place in part["points"]]
    if not places:
        return None
    frame = _Frame(places)
    land, labels = _land(session, frame)
    parts = tuple(MapPart(part["mode"], frame.line(part["points"])) for part in path)
    scale_m = max((s for s in _SCALES_M if s <= frame.width_m / 3), default=_SCALES_M[0])
    return TripMap(
        height=frame.height,
        land=land,
        labels=labels,
        parts=parts,
        start=frame.point(places[0]),
        end=frame.point(places[-1]),
        scale_m=scale_m,
        scale_width=round(scale_m / frame.width_m * WIDTH),
    )


class _Frame:
    """The rectangle that is drawn, and the way from degrees to its units."""

    def __init__(self, places: Sequence[Sequence[int]]) -> None:
        south, north = min(p[0] for p in places), max(p[0] for p in places)
        west, east = min(p[1] for p in places), max(p[1] for p in places)
        self._squeeze = cos(radians((south + north) / 2 / geo.MICRO))
        tall = max(north - south, MIN_SPAN_E6) * (10_000 + 2 * MARGIN_BPS) / 10_000
        wide = max((east - west) * self._squeeze, MIN_SPAN_E6) * (10_000 + 2 * MARGIN_BPS) / 10_000
        tall, wide = max(tall, wide * MIN_RATIO), max(wide, tall / MAX_RATIO)
        self._top = (south + north) / 2 + tall / 2
        self._left = (west + east) / 2 - wide / self._squeeze / 2
        self._unit = wide / WIDTH
        self.height = round(tall / self._unit)
        self.width_m = wide * _METRES_PER_E6
        self.box = geo.Box(
            south_e6=round(self._top - tall),
            west_e6=round(self._left),
            north_e6=round(self._top),
            east_e6=round(self._left + wide / self._squeeze),
        )

    def point(self, place: Sequence[int]) -> tuple[int, int]:
        """Return a place in units of the drawing."""
        x = (place[1] - self._left) * self._squeeze / self._unit
        return round(x), round((self._top - place[0]) / self._unit)

    def line(self, places: Sequence[Sequence[int]]) -> str:
        """Return the path data of a line through places."""
        return "M" + "L".join(f"{x} {y}" for x, y in map(self.point, places))


def _land(session: Session, frame: _Frame) -> tuple[tuple[str, ...], tuple[MapLabel, ...]]:
    areas = territory_queries.finest_areas(session)
    names = {area.insee_code: area.name for area in areas}
    outlines = geo.outlines({area.insee_code: area.boundary for area in areas}, frame.box)
    land = tuple("".join(f"{frame.line(ring)}Z" for ring in outline.rings) for outline in outlines)
    large = sorted(outlines, key=lambda outline: -outline.share_bps)
    named = [
        (names[o.code], frame.point(o.middle)) for o in large if o.share_bps >= LABEL_SHARE_BPS
    ]
    return land, _labels(named)


def _labels(named: Sequence[tuple[str, tuple[int, int]]]) -> tuple[MapLabel, ...]:
    """Place names, larger areas first; one that would lie on another is left out."""
    placed: list[MapLabel] = []
    for name, (x, y) in named:
        short = name.removesuffix(" Arrondissement")
        half = len(short) * LETTER_WIDTH // 2
        label = MapLabel(short, min(max(x, half + 10), WIDTH - half - 10), max(y, LINE_HEIGHT))
        is_free = all(
            abs(other.y - label.y) > LINE_HEIGHT
            or abs(other.x - label.x) > half + len(other.name) * LETTER_WIDTH // 2
            for other in placed
        )
        if is_free:
            placed.append(label)
    return tuple(placed)
