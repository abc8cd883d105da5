"""A trace as columns of numbers, and the bounds that every source of traces must keep.

Nothing here decides what a trace proves; parsing fills it, the pipeline reads it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.mobility.errors import TraceInvalidError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MAX_POINTS = 50_000
"""A day at one fix every two seconds. Measured: 50,000 points take less than a second."""
MIN_POINTS = 5
"""Fewer fixes than this cannot show a movement and two stops."""
MAX_DURATION_S = 36 * 3_600
"""Longer than any trip a person makes without a night between."""
EARLIEST_T = 946_684_800.0
"""2000-01-01 UTC: before it selective availability made civil positions useless, so a
trace that old is a broken clock."""
MILLISECONDS_T = 1e11
"""As seconds the year 5138, as milliseconds 1973: no clock errs that far."""
MAX_CLOCK_AHEAD_S = 300.0
"""A phone whose clock is up to five minutes fast is believed."""
MAX_ACCURACY_M = 100_000.0
MAX_SPEED_MPS = 400.0
MIN_ALTITUDE_M, MAX_ALTITUDE_M = -500.0, 20_000.0


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the Earth, in degrees, that traces have to touch."""

    south: float
    west: float
    north: float
    east: float

    def holds(self, lat: FloatArray, lon: FloatArray) -> BoolArray:
        """Tell for each position whether it lies inside."""
        inside: BoolArray = (
            (lat >= self.south) & (lat <= self.north) & (lon >= self.west) & (lon <= self.east)
        )
        return inside


def area_of(text: str) -> Area:
    """Read "south,west,north,east" in degrees.

    Raises:
        ValueError: Not four numbers, or not in that order.
    """
    south, west, north, east = (float(part) for part in text.split(","))
    if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):  # noqa: PLR2004 - degrees
        raise ValueError(f"{text!r} is no rectangle of the Earth")
    return Area(south, west, north, east)


@dataclass(frozen=True, slots=True)
class Trace:
    """Positions of one phone over time; unknown values are NaN, except time and place.

    Attributes:
        id: Name given by the source, for messages only.
        t: Unix seconds.
        lat: Degrees, WGS 84.
        lon: Degrees, WGS 84.
        accuracy_m: Radius of the 68 % circle, as phones report it.
        speed_mps: Speed that the device itself measured.
        altitude_m: Metres above the ellipsoid or the sea, as the device has it.
    """

    id: str
    t: FloatArray
    lat: FloatArray
    lon: FloatArray
    accuracy_m: FloatArray
    speed_mps: FloatArray
    altitude_m: FloatArray

    def __len__(self) -> int:
        return len(self.t)

    def take(self, keep: BoolArray | IntArray | slice) -> "Trace":
        """Return the trace made of some of the points, in the order asked for."""
        return Trace(
            self.id,
            self.t[keep],
            self.lat[keep],
            self.lon[keep],
            self.accuracy_m[keep],
            self.speed_mps[keep],
            self.altitude_m[keep],
        )

    def between(self, start_t: float, end_t: float) -> "Trace":
        """Return the points from `start_t` to `end_t`, both included (Unix seconds)."""
        return self.take((self.t >= start_t) & (self.t <= end_t))


def make_trace(trace_id: str, rows: list[list[Any]], *, now_t: float | None = None) -> Trace:
    """Build a trace from rows `[t, lat, lon, accuracy_m, speed_mps, altitude_m]`.

    Args:
        rows: At least the first three of each; `None` or missing means unknown.
        now_t: The current Unix second, to refuse fixes in the future; `None` skips the check.

    Raises:
        TraceInvalidError: Too few or too many points, a value that is no number, not finite
            or out of its range, a time in the future, or a jump over the antimeridian.
    """
    if len(rows) > MAX_POINTS:
        raise TraceInvalidError("too_long", f"A trace holds at most {MAX_POINTS} points.")
    if len(rows) < MIN_POINTS:
        raise TraceInvalidError("too_short", f"A trace needs at least {MIN_POINTS} points.")
    columns = _columns(rows)
    trace = Trace(trace_id[:200], *columns)
    _check_times(trace.t, now_t)
    _check_places(trace.lat, trace.lon)
    _check_range(trace.accuracy_m, "accuracy_m", 0.0, MAX_ACCURACY_M)
    _check_range(trace.altitude_m, "altitude_m", MIN_ALTITUDE_M, MAX_ALTITUDE_M)
    # iOS writes -1 for a speed that it does not know.
    speed = np.where(trace.speed_mps < 0, np.nan, trace.speed_mps)
    _check_range(speed, "speed_mps", 0.0, MAX_SPEED_MPS)
    return Trace(trace.id, trace.t, trace.lat, trace.lon, trace.accuracy_m, speed, trace.altitude_m)


def check_area(trace: Trace, area: Area) -> None:
    """Refuse a trace with no point in `area`, and say so when latitude and longitude are swapped.

    Raises:
        TraceInvalidError: No point lies inside.
    """
    if area.holds(trace.lat, trace.lon).any():
        return
    if area.holds(trace.lon, trace.lat).any():
        raise TraceInvalidError(
            "swapped",
            "Latitude and longitude are swapped: GeoJSON writes longitude first, GPX names both.",
        )
    raise TraceInvalidError("outside_area", "No point of the trace lies in the territory.")


def _columns(rows: list[list[Any]]) -> list[FloatArray]:
    width = 6
    padded = [
        (row + [None] * (width - len(row)))[:width] if len(row) != width else row for row in rows
    ]
    columns: list[FloatArray] = []
    for index, column in enumerate(zip(*padded, strict=True)):
        if any(isinstance(value, bool | str | list | dict) for value in column):
            raise TraceInvalidError(
                "not_a_number",
                "Every value of a point is a number or null.",
                path=f"points[*][{index}]",
                example="[1700000000, 43.29620, 5.36980, 8, 4.1, 12]",
            )
        columns.append(_numbers(column))
    for name, known in zip(("t", "lat", "lon"), columns[:3], strict=True):
        if not np.isfinite(known).all():
            raise TraceInvalidError("not_finite", f"Every point needs a finite {name}.", path=name)
    if any(np.isinf(column).any() for column in columns):
        raise TraceInvalidError("not_finite", "A value of the trace is infinite.")
    return columns


def _numbers(column: tuple[Any, ...]) -> FloatArray:
    try:
        return np.array([np.nan if value is None else value for value in column], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise TraceInvalidError(
            "not_a_number", "A value of the trace is too large for a number."
        ) from error


def _check_times(t: FloatArray, now_t: float | None) -> None:
    if t.min() < EARLIEST_T:
        raise TraceInvalidError(
            "time_too_old",
            "A point is older than the year 2000: times are Unix seconds, not milliseconds ago.",
            path="t",
            example="1700000000",
        )
    if t.min() > MILLISECONDS_T:
        raise TraceInvalidError(
            "in_the_future",
            "A point lies millennia ahead: times look like milliseconds, write Unix seconds.",
            path="t",
            example="1700000000",
        )
    if now_t is not None and t.max() > now_t + MAX_CLOCK_AHEAD_S:
        raise TraceInvalidError(
            "in_the_future", "A point lies in the future: check the clock of the device.", path="t"
        )
    if t.max() - t.min() > MAX_DURATION_S:
        raise TraceInvalidError(
            "lasts_too_long", f"A trace lasts at most {MAX_DURATION_S // 3600} hours.", path="t"
        )


def _check_places(lat: FloatArray, lon: FloatArray) -> None:
    if np.abs(lat).max() > 90 and np.abs(lon).max() <= 90:  # noqa: PLR2004 - degrees
        raise TraceInvalidError(
            "swapped", "A latitude is beyond 90 degrees: latitude and longitude look swapped."
        )
    _check_range(lat, "lat", -90.0, 90.0)
    _check_range(lon, "lon", -180.0, 180.0)
    if np.abs(np.diff(lon)).max(initial=0.0) > 180:  # noqa: PLR2004 - degrees
        raise TraceInvalidError(
            "crosses_antimeridian",
            "The trace jumps across the 180th meridian, which no trip of ours does.",
            path="lon",
        )


def _check_range(column: FloatArray, name: str, low: float, high: float) -> None:
    known = column[~np.isnan(column)]
    if known.size and (known.min() < low or known.max() > high):
        raise TraceInvalidError(
            "out_of_range", f"{name} must lie between {low:g} and {high:g}.", path=name
        )
