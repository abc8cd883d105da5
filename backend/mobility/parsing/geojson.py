"""GeoJSON (RFC 7946): one LineString with times, or a collection of Points with times."""

from typing import Any

from backend.mobility.errors import TraceInvalidError
from backend.mobility.parsing.times import read_instant
from backend.mobility.trace import MAX_POINTS, Trace, make_trace

_TIME_LISTS = ("coordTimes", "times", "timestamps")
_TIMES = ("time", "timestamp", "t")


def read_geojson(value: dict[str, Any], *, now_t: float | None, name: str) -> Trace:
    """Read a Feature or a FeatureCollection; positions are longitude, latitude, altitude.

    Raises:
        TraceInvalidError: No line or points, missing times, or a bound is broken.
    """
    features = value["features"] if value.get("type") == "FeatureCollection" else [value]
    if not isinstance(features, list) or not features or len(features) > MAX_POINTS:
        raise TraceInvalidError(
            "without_points", f"`features` must hold 1 to {MAX_POINTS} features.", path="features"
        )
    rows: list[list[Any]] = []
    for index, feature in enumerate(features):
        rows.extend(_rows_of(feature, f"features[{index}]"))
        if len(rows) > MAX_POINTS:
            break
    return make_trace(str(value.get("id", name)), rows, now_t=now_t)


def _rows_of(feature: object, path: str) -> list[list[Any]]:
    if not isinstance(feature, dict) or not isinstance(feature.get("geometry"), dict):
        raise TraceInvalidError("malformed_feature", "A feature has no geometry.", path=path)
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    geometry = feature["geometry"]
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        time = next((properties[key] for key in _TIMES if key in properties), None)
        extra = [properties.get("accuracy"), properties.get("speed")]
        return [_row(coordinates, time, extra, path)]
    if kind == "LineString" and isinstance(coordinates, list):
        times = next((properties[key] for key in _TIME_LISTS if key in properties), None)
        if not isinstance(times, list) or len(times) != len(coordinates):
            raise TraceInvalidError(
                "without_times",
                "A LineString needs one time for each position.",
                path=f"{path}.properties.coordTimes",
                example='["2026-07-11T08:30:00Z"]',
            )
        pairs = zip(coordinates, times, strict=True)
        return [_row(position, time, [None, None], path) for position, time in pairs]
    raise TraceInvalidError(
        "malformed_feature", "Only Point and LineString are traces.", path=f"{path}.geometry.type"
    )


def _row(position: object, time: object, extra: list[Any], path: str) -> list[Any]:
    if not isinstance(position, list) or len(position) not in (2, 3):
        raise TraceInvalidError(
            "malformed_point", "A position is longitude, latitude and at most altitude.", path=path
        )
    if time is None:
        raise TraceInvalidError("without_times", "A point has no time.", path=path)
    altitude = position[2] if len(position) == 3 else None  # noqa: PLR2004 - lon, lat, altitude
    return [read_instant(time, path), position[1], position[0], *extra, altitude]
