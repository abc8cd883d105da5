"""First stages: accuracy filter, order and duplicate repair, outliers. Pure."""

from dataclasses import dataclass

import numpy as np

from backend.mobility.geometry import step_lengths_m, to_plane
from backend.mobility.trace import BoolArray, FloatArray, Trace

ACCURACY_LIMIT_M = 200.0
"""Source: e-mission-server, accuracy filter of the location stream (BSD-3)."""
OUTLIER_IQR = 3.0
"""Source: e-mission-server, "major" outlier: Q3 + 3 × IQR of the step speeds."""
OUTLIER_FLOOR_MPS = 12.0
"""One bad fix of 20 m at 1 Hz makes 20 m/s out and back; below the floor a jump is noise."""
SPEED_CEILING_MPS = 100.0
"""360 km/h: the fastest train in commercial service here runs at 320."""
OUTLIER_PASSES = 4


@dataclass(frozen=True, slots=True)
class CleanTrace:
    """What is left after cleaning, and how much was repaired on the way.

    Attributes:
        trace: Usable points in order of time, one per instant.
        raw_count: Points that came in.
        inaccurate: Points dropped for an accuracy of 200 m or worse.
        disordered: Points whose time lay before that of their predecessor.
        duplicates: Points dropped because another one has the same time.
        outliers: Points dropped as jumps out of the path and back.
    """

    trace: Trace
    raw_count: int
    inaccurate: int
    disordered: int
    duplicates: int
    outliers: int


def clean(trace: Trace) -> CleanTrace:
    """Drop what cannot be trusted and put the rest in order; the input stays as it is."""
    disordered = int((np.diff(trace.t) < 0).sum())
    accurate = _is_accurate(trace)
    kept = trace.take(accurate)
    # Best accuracy first within one instant, so that `unique` keeps that one.
    rank = np.lexsort((np.nan_to_num(kept.accuracy_m, nan=ACCURACY_LIMIT_M), kept.t))
    ordered = kept.take(rank)
    first_of_instant = np.ones(len(ordered), dtype=bool)
    first_of_instant[1:] = np.diff(ordered.t) > 0
    single = ordered.take(first_of_instant)
    smooth = drop_outliers(single)
    return CleanTrace(
        smooth,
        raw_count=len(trace),
        inaccurate=len(trace) - int(accurate.sum()),
        disordered=disordered,
        duplicates=len(ordered) - len(single),
        outliers=len(single) - len(smooth),
    )


def drop_outliers(trace: Trace) -> Trace:
    """Remove points that are reached and left too fast while their neighbours fit together."""
    for _ in range(OUTLIER_PASSES):
        if len(trace) < 3:  # noqa: PLR2004 - a jump needs a before and an after
            break
        jumps = _jumps(trace)
        if not jumps.any():
            break
        trace = trace.take(~jumps)
    return trace


def step_speeds_mps(trace: Trace) -> FloatArray:
    """Return the speed of each step between neighbouring points, from positions alone."""
    speeds: FloatArray = step_lengths_m(trace.lat, trace.lon) / np.maximum(np.diff(trace.t), 1e-3)
    return speeds


def _is_accurate(trace: Trace) -> BoolArray:
    accurate: BoolArray = np.isnan(trace.accuracy_m) | (trace.accuracy_m < ACCURACY_LIMIT_M)
    return accurate


def _jumps(trace: Trace) -> BoolArray:
    speeds = step_speeds_mps(trace)
    q1, q3 = np.quantile(speeds, [0.25, 0.75])
    limit = min(max(q3 + OUTLIER_IQR * (q3 - q1), OUTLIER_FLOOR_MPS), SPEED_CEILING_MPS)
    fast_in, fast_out = speeds[:-1] > limit, speeds[1:] > limit
    x, y = to_plane(trace.lat, trace.lon)
    skipped_m = np.hypot(x[2:] - x[:-2], y[2:] - y[:-2])
    fits_without = skipped_m / (trace.t[2:] - trace.t[:-2]) <= limit
    jumps = np.zeros(len(trace), dtype=bool)
    jumps[1:-1] = fast_in & fast_out & fits_without
    # Of two neighbours that accuse each other only the first goes: the next pass decides.
    jumps[1:] &= ~jumps[:-1]
    return jumps
