"""Whether two recordings show two people in one car, and on which stretch. Pure.

Nobody else witnesses a local line, so each of the two is the other's witness: the ride counts
from where the phones came together to where they parted, and only while both recorded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from backend.mobility.carpool.pairing import COMMON_MIN_S, NEAR_M, STEP_S, TOGETHER_SHARE
from backend.mobility.carpool.rules import DISTANCE_MIN_M, Label
from backend.mobility.geometry import to_plane
from backend.mobility.pipeline.features import GAP_S
from backend.mobility.trace import BoolArray, FloatArray, Trace

PARTED_S = 60.0
"""Apart for longer than this ends the stretch; a stray fix or an underpass does not."""
ONE_PHONE_M = 1.5
"""Two receivers never agree like that: of 157 pairs of phones carried together on the labelled
trips the closest lay 3.5 m apart in the median. Below is one recording, copied."""
SHIFTS_S = tuple(np.arange(-3.0, 3.5, 0.5).tolist())
"""A copy may be sent with its times moved; a clock of a phone is wrong by less than this."""
Line = tuple[FloatArray, FloatArray, BoolArray]
"""Metres east, metres north and whether the phone had fixes around, on a grid of time."""
ON_FOOT_OR_BIKE = frozenset({"walk", "bike"})
RIDING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Together:
    """The stretch on which two recordings keep together.

    Attributes:
        start_t, end_t: Unix seconds.
        near_share: Share of the known time within 80 m of each other.
        apart_m: Median distance between the two phones, at the shift of clocks that fits best.
        distance_m: Length of the passenger's way, in whole metres.
    """

    start_t: float
    end_t: float
    near_share: float
    apart_m: float
    distance_m: int


def stretch_together(driver: Trace, passenger: Trace) -> Together | None:
    """Return the longest stretch on which two clean traces keep together, `None` without one."""
    start, end = max(driver.t[0], passenger.t[0]), min(driver.t[-1], passenger.t[-1])
    if end - start < COMMON_MIN_S:
        return None
    grid = np.arange(start, end + 1e-6, STEP_S)
    lat0, lon0 = float(driver.lat.mean()), float(driver.lon[0])
    lines = [_line(trace, grid, lat0, lon0) for trace in (driver, passenger)]
    (x1, y1, known1), (x2, y2, known2) = lines
    apart = np.hypot(x1 - x2, y1 - y2)
    known = known1 & known2
    first, last = _longest(apart <= NEAR_M, known)
    inside = slice(first, last + 1)
    seen = known[inside]
    if grid[last] - grid[first] < COMMON_MIN_S or not seen.any():
        return None
    near = float((apart[inside][seen] <= NEAR_M).mean())
    way_m = float(np.hypot(np.diff(x2[inside]), np.diff(y2[inside])).sum())
    apart_m = min(
        _apart_m(lines[0], _line(passenger, grid + shift_s, lat0, lon0), inside)
        for shift_s in SHIFTS_S
    )
    return Together(float(grid[first]), float(grid[last]), near, apart_m, int(way_m))


def ride_labels(
    ride_id: str, shared: Together | None, legs: Sequence[Sequence[Mapping[str, Any]]]
) -> list[Label]:
    """Say what speaks against a shared ride, from both recordings.

    Args:
        shared: Where the two kept together.
        legs: Legs of the driver's and of the passenger's finding.
    """
    if shared is None or shared.near_share < TOGETHER_SHARE:
        return [Label("not_together", ride_id)]
    labels = []
    if shared.apart_m < ONE_PHONE_M:
        labels.append(Label("one_recording", ride_id))
    if shared.distance_m < DISTANCE_MIN_M:
        labels.append(Label("distance_too_short", ride_id))
    if any(_share_on_foot(one, shared) > RIDING_SHARE for one in legs):
        labels.append(Label("not_a_car", ride_id))
    lines = sorted({name for one in legs for name in _lines(one, shared)})
    if lines:
        labels.append(Label("follows_transit_line", ride_id, tuple(lines)))
    return labels


def _line(trace: Trace, grid: FloatArray, lat0: float, lon0: float) -> Line:
    x, y = to_plane(trace.lat, trace.lon, lat0=lat0, lon0=lon0)
    after = np.clip(np.searchsorted(trace.t, grid), 1, len(trace) - 1)
    known = trace.t[after] - trace.t[after - 1] <= GAP_S
    return np.interp(grid, trace.t, x), np.interp(grid, trace.t, y), known


def _apart_m(one: Line, other: Line, inside: slice) -> float:
    seen = (one[2] & other[2])[inside]
    apart = np.hypot(one[0] - other[0], one[1] - other[1])[inside]
    return float(np.median(apart[seen])) if seen.any() else np.inf


def _longest(near: BoolArray, known: BoolArray) -> tuple[int, int]:
    """Return first and last step of the longest stretch; what is unknown parts nobody."""
    best, begin, last_near = (0, 0), None, 0
    for step in np.flatnonzero(known):
        if near[step]:
            begin, last_near = (step if begin is None else begin), int(step)
            if last_near - begin > best[1] - best[0]:
                best = (int(begin), last_near)
        elif begin is not None and (step - last_near) * STEP_S > PARTED_S:
            begin = None
    return best


def _share_on_foot(legs: Sequence[Mapping[str, Any]], shared: Together) -> float:
    moved = {
        leg_mode: sum(_common_s(leg, shared) for leg in legs if leg["mode"] == leg_mode)
        for leg_mode in {leg["mode"] for leg in legs}
    }
    slow = sum(seconds for mode, seconds in moved.items() if mode in ON_FOOT_OR_BIKE)
    return slow / max(sum(moved.values()), 1.0)


def _lines(legs: Sequence[Mapping[str, Any]], shared: Together) -> set[str]:
    return {
        str(leg["line"])
        for leg in legs
        if leg.get("line") and _common_s(leg, shared) > RIDING_SHARE * _length_s(leg)
    }


def _common_s(leg: Mapping[str, Any], shared: Together) -> float:
    start, end = (datetime.fromisoformat(leg[name]).timestamp() for name in _ENDS)
    return max(min(end, shared.end_t) - max(start, shared.start_t), 0.0)


def _length_s(leg: Mapping[str, Any]) -> float:
    start, end = (datetime.fromisoformat(leg[name]).timestamp() for name in _ENDS)
    return max(end - start, 1.0)


_ENDS = ("started_at", "ended_at")
