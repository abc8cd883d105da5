"""Zones from GeoJSON, for example the priority districts (QPV) that the ANCT publishes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.territory.errors import BoundaryInvalidError, ImportUnreadableError
from backend.territory.geo import check_boundary

MAX_FEATURES = 5_000
"""The whole of France has 1,609 priority districts (ANCT, list of 2024)."""
_MAX_TEXT = 120
_CODES = ("code_qp", "code")
_NAMES = ("lib_qp", "nom_qp", "nom", "name")
_COMMUNES = ("insee_com", "commune_code")


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What a file says about one zone; `commune_code` is empty when it does not say."""

    code: str
    name: str
    commune_code: str
    boundary: str


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """One feature of a file, understood or not.

    Attributes:
        number: Its place in the file, from 1.
        zone: What was understood; `None` when something is wrong.
        problems: What is wrong, in words.
    """

    number: int
    zone: ZoneFacts | None
    problems: tuple[str, ...] = ()


def read(text: str) -> list[ZoneLine]:
    """Read a GeoJSON FeatureCollection in WGS 84.

    The names of the properties are those of the ANCT's file (code_qp, lib_qp, insee_com);
    code, name and commune_code do as well.

    Raises:
        ImportUnreadableError: It is no FeatureCollection, or too long.
    """
    try:
        told = json.loads(text)
    except ValueError as error:
        raise ImportUnreadableError("it is not JSON") from error
    features = told.get("features") if isinstance(told, dict) else None
    if not isinstance(features, list) or not features:
        raise ImportUnreadableError("it is no GeoJSON FeatureCollection with features")
    if len(features) > MAX_FEATURES:
        raise ImportUnreadableError(f"it holds more than {MAX_FEATURES} features; split it")
    seen: set[str] = set()
    return [_line(number, feature, seen) for number, feature in enumerate(features, start=1)]


def _line(number: int, feature: object, seen: set[str]) -> ZoneLine:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    if not isinstance(feature, Mapping) or not isinstance(properties, Mapping):
        return ZoneLine(number, None, ("it is no feature with properties",))
    code, name = _text(properties, _CODES), _text(properties, _NAMES)
    problems = []
    if not code or code in seen:
        problems.append(f"its code ({' or '.join(_CODES)}) is empty or stands twice in this file")
    seen.add(code)
    if not name:
        problems.append(f"its name ({' or '.join(_NAMES)}) is empty")
    boundary = json.dumps(feature.get("geometry"), separators=(",", ":"))
    try:
        check_boundary(code or f"feature {number}", boundary)
    except BoundaryInvalidError as error:
        problems.append(error.message)
    if problems:
        return ZoneLine(number, None, tuple(problems))
    return ZoneLine(number, ZoneFacts(code, name, _text(properties, _COMMUNES)[:5], boundary))


def _text(properties: Mapping[str, Any], names: tuple[str, ...]) -> str:
    found = next((properties[name] for name in names if properties.get(name)), "")
    return " ".join(str(found).split())[:_MAX_TEXT]
