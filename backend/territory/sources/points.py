"""Reads lists of drop-off points: the metropolis' open data and a plain CSV.

Open data: dataset `point-dapport-volontaire-mamp` of data.ampmetropole.fr
(Opendatasoft Explore API v2.1), exported as JSON or as CSV with semicolons. One row is
one container; rows of one place become one station. Columns: `geo_point_2d`,
`flux_lib`, `type_lib`, `adresse`, `commune`, `ct`.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.territory.errors import ImportUnreadableError
from backend.territory.geo import Position, position_of
from backend.territory.models import STATION_KINDS

MAX_LINES = 50_000
MAX_TEXT = 200

_FLOWS: Mapping[str, str] = {
    "verre": "glass",
    "biflux": "packaging",
    "emballages": "packaging",
    "emr": "packaging",
    "papier": "paper",
    "papiers": "paper",
    "carton": "paper",
    "cartons": "paper",
    "textile": "textile",
    "textiles": "textile",
    "biodechets": "organic",
    "biodéchets": "organic",
    "compost": "organic",
    "huile": "oil",
    "piles": "battery",
}
_NOT_RECYCLED = frozenset({"om", "omr", "ordures ménagères", "ordures menageres"})
_CSV_COLUMNS = ("ref", "name", "kind", "address", "latitude", "longitude", "materials")


@dataclass(frozen=True, slots=True)
class Point:
    """One station as a list describes it; the commune is found from its position."""

    ref: str
    name: str
    kind: str
    address: str
    position: Position
    materials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list, understood or not.

    Attributes:
        numbers: Lines of the file that it stands for, the header being line 1.
        point: What was understood; `None` when something is wrong.
        problems: What is wrong, in words.
    """

    numbers: tuple[int, ...]
    point: Point | None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Place:
    position: Position
    numbers: list[int] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    address: str = ""


def read_csv(text: str, *, known_materials: Iterable[str]) -> list[Line]:
    """Read our own CSV: ref, name, kind, address, latitude, longitude, materials.

    Commas or semicolons; materials are separated by spaces.

    Raises:
        ImportUnreadableError: A column is missing or the file is too long.
    """
    rows = _table(text)
    missing = [name for name in _CSV_COLUMNS if rows and name not in rows[0]]
    if missing:
        raise ImportUnreadableError(f"the columns {', '.join(missing)} are missing")
    materials = frozenset(known_materials)
    seen: set[str] = set()
    return [_csv_line(number, row, materials, seen) for number, row in enumerate(rows, start=2)]


def read_opendatasoft(text: str) -> list[Line]:
    """Read an export of the metropolis' dataset, JSON or CSV.

    Raises:
        ImportUnreadableError: Neither JSON records nor a table with the columns.
    """
    rows = _records(text) if text.lstrip().startswith(("[", "{")) else _table(text)
    if rows and not {"geo_point_2d", "flux_lib"} <= rows[0].keys():
        raise ImportUnreadableError("the columns geo_point_2d and flux_lib are missing")
    places: dict[Position, _Place] = {}
    wrong: list[Line] = []
    for number, row in enumerate(rows, start=2):
        try:
            _collect(places, number, row)
        except ValueError as error:
            wrong.append(Line((number,), None, (str(error),)))
    lines = [Line(tuple(place.numbers), _ods_point(place)) for place in places.values()]
    return sorted([*lines, *wrong], key=lambda line: line.numbers)


def _csv_line(number: int, row: Mapping[str, Any], known: frozenset[str], seen: set[str]) -> Line:
    problems: list[str] = []
    ref, materials = _text(row["ref"]), tuple(_text(row["materials"]).split())
    if not ref or ref in seen:
        problems.append("ref is empty or stands twice in this file")
    seen.add(ref)
    if row["kind"] not in STATION_KINDS:
        problems.append(f"kind {row['kind']!r} is none of {', '.join(STATION_KINDS)}")
    unknown = [name for name in materials if name not in known]
    if unknown or not materials:
        problems.append(f"materials {' '.join(unknown) or '(none)'} are not known")
    if not _text(row["name"]):
        problems.append("name is empty")
    try:
        position = position_of(_degrees(row["latitude"]), _degrees(row["longitude"]))
    except ValueError:
        problems.append("latitude and longitude are no position in decimal degrees")
        return Line((number,), None, tuple(problems))
    if problems:
        return Line((number,), None, tuple(problems))
    point = Point(ref, _text(row["name"]), row["kind"], _text(row["address"]), position, materials)
    return Line((number,), point)


def _collect(places: dict[Position, _Place], number: int, row: Mapping[str, Any]) -> None:
    flow = _text(row.get("flux_lib")).lower()
    if flow in _NOT_RECYCLED:
        raise ValueError(f"flow {flow!r} is not recycled, so no points are earned for it")
    if flow not in _FLOWS:
        raise ValueError(f"flow {flow!r} is unknown; add it to the list of flows")
    position = _ods_position(row.get("geo_point_2d"))
    place = places.setdefault(position, _Place(position))
    place.numbers.append(number)
    place.address = place.address or _text(row.get("adresse"))
    if _FLOWS[flow] not in place.materials:
        place.materials.append(_FLOWS[flow])


def _ods_position(value: object) -> Position:
    try:
        if isinstance(value, Mapping):
            return position_of(str(value["lat"]), str(value["lon"]))
        latitude, longitude = str(value).split(",")
        return position_of(latitude.strip(), longitude.strip())
    except (ValueError, KeyError) as error:
        raise ValueError(f"geo_point_2d {value!r} is no position") from error


def _ods_point(place: _Place) -> Point:
    reference = f"{place.position.latitude_e6}:{place.position.longitude_e6}"
    address = place.address or "adresse inconnue"
    return Point(
        ref=reference,
        name=f"Point tri {address}",
        kind="street",
        address=address,
        position=place.position,
        materials=tuple(place.materials),
    )


def _records(text: str) -> list[Mapping[str, Any]]:
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ImportUnreadableError("it is not JSON") from error
    # The Explore API wraps pages in `results`; an export is a bare list.
    rows = told.get("results", []) if isinstance(told, dict) else told
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportUnreadableError("it is no list of records")
    return _bounded(rows)


def _table(text: str) -> list[Mapping[str, Any]]:
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return _bounded(list(csv.DictReader(io.StringIO(plain), delimiter=delimiter)))


def _bounded(rows: list[Any]) -> list[Mapping[str, Any]]:
    if not rows:
        raise ImportUnreadableError("it holds no line")
    if len(rows) > MAX_LINES:
        raise ImportUnreadableError(f"it holds more than {MAX_LINES} lines; split it")
    return rows


def _text(value: object) -> str:
    return " ".join(str(value or "").split())[:MAX_TEXT]


def _degrees(value: object) -> str:
    # French tables write 43,2965.
    return str(value or "").strip().replace(",", ".")
