"""What the map of a page needs: the communes as shapes, and pins; drawn by Leaflet, no tiles."""

import json
from collections.abc import Iterable

from fastapi import APIRouter, Response

from backend.http.deps import ReadSession, public
from backend.merchants.models import Merchant
from backend.territory import queries
from backend.territory.geo import MICRO

router = APIRouter(include_in_schema=False)

SUFFIX = " Arrondissement"
"""Left out of a name on the map: "Marseille 2e" is what people say."""
KEPT_S = 24 * 3600
"""Communes change with the year; a browser may keep their shapes for a day."""


@router.get("/carte/communes.json", dependencies=[public()])
def get_areas(session: ReadSession) -> Response:
    """Return the communes and arrondissements as GeoJSON. © IGN Admin Express."""
    features = [
        {
            "type": "Feature",
            "properties": {"code": area.insee_code, "name": area.name.removesuffix(SUFFIX)},
            "geometry": shape,
        }
        for area in queries.finest_areas(session)
        if "coordinates" in (shape := json.loads(area.boundary))
    ]
    return Response(
        json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":")),
        media_type="application/geo+json",
        headers={"Cache-Control": f"public, max-age={KEPT_S}"},
    )


def pins(places: Iterable[tuple[str, str, int | None, int | None]]) -> str:
    """Write pins for `map.js`: name, address of the page behind it (or ""), micro-degrees.

    Returns:
        JSON; empty when none of them has a place.
    """
    known = [list(place) for place in places if None not in place]
    return json.dumps(known, ensure_ascii=False) if known else ""


def pins_of(shops: Iterable[Merchant]) -> str:
    """Write the pins of shops, each leading to its page."""
    return pins((m.name, f"/boutique/{m.id}", m.latitude_e6, m.longitude_e6) for m in shops)


def place_text(latitude_e6: int | None, longitude_e6: int | None) -> str:
    """Write a place as people copy it into another map, for example "43.304500, 5.368000"."""
    if latitude_e6 is None or longitude_e6 is None:
        return ""
    return ", ".join(_degrees(value) for value in (latitude_e6, longitude_e6))


def _degrees(value_e6: int) -> str:
    whole, part = divmod(abs(value_e6), MICRO)
    return f"{'-' if value_e6 < 0 else ''}{whole}.{part:06d}"
