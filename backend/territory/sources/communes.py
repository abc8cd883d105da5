"""Reads the published list of communes and their boundaries (data/communes/README.md)."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from backend.territory.errors import ImportUnreadableError

_KINDS: Mapping[str, str] = {
    "commune-actuelle": "commune",
    "arrondissement-municipal": "arrondissement",
}
_MARSEILLE = "13055"
"""The one commune of the territory with municipal arrondissements (COG 2026)."""


@dataclass(frozen=True, slots=True)
class CommuneFacts:
    """What is published about a commune or arrondissement."""

    insee_code: str
    name: str
    kind: str
    parent_code: str | None
    population: int
    postcodes: str
    boundary: str


def read(table_csv: str, boundaries_geojson: str) -> list[CommuneFacts]:
    """Join the list and the boundaries.

    Args:
        table_csv: Columns insee_code, name, kind, population, postcodes.
        boundaries_geojson: FeatureCollection with the property `code`.
    Raises:
        ImportUnreadableError: A column or a boundary is missing.
    """
    try:
        features = json.loads(boundaries_geojson)["features"]
        boundaries = {
            feature["properties"]["code"]: json.dumps(feature["geometry"], separators=(",", ":"))
            for feature in features
        }
        lines = csv.DictReader(io.StringIO(table_csv))
        return [_facts(line, boundaries) for line in lines]
    except (KeyError, ValueError, TypeError) as error:
        raise ImportUnreadableError(f"{type(error).__name__} {error}") from error


def _facts(line: Mapping[str, str], boundaries: Mapping[str, str]) -> CommuneFacts:
    kind = _KINDS[line["kind"]]
    return CommuneFacts(
        insee_code=line["insee_code"],
        name=line["name"],
        kind=kind,
        parent_code=_MARSEILLE if kind == "arrondissement" else None,
        population=int(line["population"]),
        postcodes=line["postcodes"],
        boundary=boundaries[line["insee_code"]],
    )
