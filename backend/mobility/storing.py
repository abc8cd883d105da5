"""How a trace waits for its verdict, and what little is kept of it afterwards. Pure.

Points become integers for the time until the verdict. What stays is a path for the map with
both ends cut off and simplified, a fingerprint without place, and the ends to a hundredth
of a degree (about a kilometre).
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely

from backend.mobility.fraud.fingerprint import ComplexArray, Fingerprint
from backend.mobility.geometry import step_lengths_m, to_plane
from backend.mobility.pipeline.features import smooth_line
from backend.mobility.trace import FloatArray, IntArray, Trace

MICRO = 1_000_000
END_CUT_M = 200.0
"""Cut from both ends of what is kept: front doors are behind it, as in Strava's default."""
TOLERANCE_M = 6.0
"""A map on a phone shows no more; half a lane is lost."""
MAX_PATH_POINTS = 600
_SCALES = (1_000, MICRO, MICRO, 10, 100, 10)
"""Milliseconds, micro-degrees, decimetres of accuracy, cm/s, decimetres of altitude."""


def pack(trace: Trace) -> list[list[int | None]]:
    """Return the points of a trace as rows of integers; unknown values are `None`."""
    columns = (trace.t, trace.lat, trace.lon, trace.accuracy_m, trace.speed_mps, trace.altitude_m)
    packed = [_integers(column, scale) for column, scale in zip(columns, _SCALES, strict=True)]
    return [list(row) for row in zip(*packed, strict=True)]


def unpack(trace_id: str, rows: Sequence[Sequence[int | None]]) -> Trace:
    """Return the trace that `pack` took apart."""
    columns = [
        np.array([np.nan if value is None else value for value in column], dtype=np.float64) / scale
        for column, scale in zip(zip(*rows, strict=True), _SCALES, strict=True)
    ]
    return Trace(trace_id, *columns)


def content_key(trace: Trace) -> str:
    """Return the SHA-256 of a trace's times and places.

    The same recording in another format, order or with other columns has the same key.
    """
    order = np.lexsort((trace.lon, trace.lat, trace.t))
    places: IntArray = np.stack(
        [
            np.rint(trace.t[order]).astype(np.int64),
            np.rint(trace.lat[order] * 100_000).astype(np.int64),
            np.rint(trace.lon[order] * 100_000).astype(np.int64),
        ]
    )
    return hashlib.sha256(places.tobytes()).hexdigest()


def shown_path(clean: Trace, legs: Iterable[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """Return the simplified legs for the map: mode and [latitude_e6, longitude_e6] pairs.

    Args:
        clean: Points that the verdict used.
        legs: (mode, start, end) with times in Unix seconds, in order.
    """
    inner = _without_ends(clean)
    if len(inner) < 2:  # noqa: PLR2004 - a line has two ends
        return []
    parts = []
    for mode, start_t, end_t in legs:
        part = inner.between(start_t, end_t)
        if len(part) >= 2:  # noqa: PLR2004 - a line has two ends
            parts.append({"mode": mode, "points": _simplified(part)})
    return parts


def cell_of(lat: float, lon: float) -> str:
    """Return the cell of a place: hundredths of a degree, rounded down."""
    return f"{int(np.floor(lat * 100))}:{int(np.floor(lon * 100))}"


def length_m(clean: Trace) -> int:
    """Return the length of a clean trace's smoothed path, in whole metres."""
    x, y = smooth_line(clean)
    return int(np.hypot(np.diff(x), np.diff(y)).sum())


def shape_text(shape: Fingerprint) -> str:
    """Return a fingerprint as text for a column."""
    parts = (shape.parts, shape.steps, shape.between)
    sizes = np.array([len(part) for part in parts], dtype="<u4").tobytes()
    body = b"".join(part.astype("<c8").tobytes() for part in parts)
    return base64.b64encode(sizes + body).decode()


def read_shape(text: str) -> Fingerprint:
    """Return the fingerprint that `shape_text` wrote."""
    content = base64.b64decode(text)
    sizes = np.frombuffer(content[:12], dtype="<u4")
    values: ComplexArray = np.frombuffer(content[12:], dtype="<c8").astype(np.complex128)
    parts, steps, between = np.split(values, np.cumsum(sizes)[:2])
    return Fingerprint(parts, steps, between)


def _integers(column: FloatArray, scale: int) -> list[int | None]:
    scaled = np.rint(np.nan_to_num(column) * scale).astype(np.int64).tolist()
    known = np.isfinite(column).tolist()
    return [value if is_known else None for value, is_known in zip(scaled, known, strict=True)]


def _without_ends(trace: Trace) -> Trace:
    """Cut off what lies within the distance of both ends, by the crow and along the way."""
    x, y = to_plane(trace.lat, trace.lon)
    from_start = np.hypot(x - x[0], y - y[0])
    from_end = np.hypot(x - x[-1], y - y[-1])
    return trace.take((from_start > END_CUT_M) & (from_end > END_CUT_M))


def _simplified(part: Trace) -> list[list[int]]:
    x, y = to_plane(part.lat, part.lon)
    tolerance = TOLERANCE_M
    line = shapely.LineString(np.column_stack([x, y]))
    kept = line.simplify(tolerance, preserve_topology=False)
    while shapely.get_num_coordinates(kept) > MAX_PATH_POINTS:
        tolerance *= 2
        kept = line.simplify(tolerance, preserve_topology=False)
    # Back to degrees by the same projection.
    lat0, lon0 = float(part.lat.mean()), float(part.lon[0])
    per_degree = step_lengths_m(np.array([0.0, 1.0]), np.zeros(2))[0]
    east, north = shapely.get_coordinates(kept).T
    lat = lat0 + north / per_degree
    lon = lon0 + east / (per_degree * np.cos(np.radians(lat0)))
    return [
        [round(float(a) * MICRO), round(float(o) * MICRO)] for a, o in zip(lat, lon, strict=True)
    ]
