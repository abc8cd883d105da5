"""What a leg looks like as numbers: robust to sampling rate, device and country. Pure.

Only positions and times are used: the speed and accuracy columns differ by device and can be
missing, and a model that reads them learns the phone instead of the vehicle.
"""

from dataclasses import dataclass

import numpy as np

from backend.mobility.geometry import angle_between, to_plane
from backend.mobility.trace import BoolArray, FloatArray, Trace

FINE_STEP_S = 10.0
"""Positions have steps of 1.1 m: below ten seconds a speed is mostly rounding."""
COARSE_STEP_S = 30.0
"""The resampling step of the e-mission pipeline; phones in power saving fix that often."""
FINE_SAMPLING_S = 13.0
"""Beyond this median interval the fine grid would only show interpolation."""
GAP_S = 75.0
"""Longer without a fix is a gap: nothing is interpolated across it."""
STOP_MPS = 0.7
"""Slower than a strolling person on the coarse side of position noise."""

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.97)
FAST_MPS = (3.0, 5.0, 7.0, 9.0, 12.0, 16.0, 22.0)


@dataclass(frozen=True, slots=True)
class Motion:
    """A leg on a regular grid of time.

    Attributes:
        step_s: Width of a grid step.
        speed_mps: Speed of each step.
        known: False where the step lies in a gap.
        heading: Radians, of each step; meaningless where the speed is near zero.
    """

    step_s: float
    speed_mps: FloatArray
    known: BoolArray
    heading: FloatArray


Line = tuple[FloatArray, FloatArray]
"""Metres east and north of a reference, one pair for each fix of a trace."""

SMOOTHING_S = 9.0


def smooth_line(trace: Trace) -> Line:
    """Project a trace and take a running median, against fixes that stray for a moment.

    The window covers about nine seconds; a trace with rarer fixes is left as it is, for a
    median over half a minute would cut corners and hide stops.
    """
    x, y = to_plane(trace.lat, trace.lon)
    interval_s = max(float(np.median(np.diff(trace.t))), 0.1)
    half = int(min(SMOOTHING_S / interval_s, 9.0) / 2)
    if interval_s > FINE_SAMPLING_S or len(trace) < 5:  # noqa: PLR2004 - nothing to smooth with
        return x, y
    half = max(half, 1)
    return _running_median(x, half), _running_median(y, half)


def _running_median(column: FloatArray, half: int) -> FloatArray:
    padded = np.pad(column, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    middle: FloatArray = np.median(windows, axis=1)
    return middle


def motion(trace: Trace, line: Line, step_s: float) -> Motion:
    """Resample a smoothed line to steps of `step_s` seconds."""
    x, y = line
    grid = np.arange(trace.t[0], trace.t[-1] + 1e-6, step_s)
    gx, gy = np.interp(grid, trace.t, x), np.interp(grid, trace.t, y)
    dx, dy = np.diff(gx), np.diff(gy)
    after = np.clip(np.searchsorted(trace.t, (grid[:-1] + grid[1:]) / 2), 1, len(trace) - 1)
    known = trace.t[after] - trace.t[after - 1] <= GAP_S
    return Motion(step_s, np.hypot(dx, dy) / step_s, known, np.arctan2(dy, dx))


def leg_features(trace: Trace) -> FloatArray:
    """Describe one leg by the numbers named in `FEATURE_NAMES`; NaN where nothing is known.

    Args:
        trace: Clean points of the leg, at least two.
    """
    interval_s = float(np.median(np.diff(trace.t)))
    line = smooth_line(trace)
    coarse = motion(trace, line, COARSE_STEP_S)
    fine = motion(trace, line, FINE_STEP_S) if interval_s <= FINE_SAMPLING_S else None
    parts = [
        _whole(trace, line),
        _speeds(coarse),
        _changes(coarse),
        _speeds(fine),
        _changes(fine),
        _stops(fine or coarse),
        _shape(trace, line),
    ]
    return np.concatenate(parts)


_WHOLE = ("duration_log", "distance_log", "mean_mps", "sinuosity", "gap_share", "gap_mps")


def _whole(trace: Trace, line: Line) -> FloatArray:
    x, y = line
    duration_s = max(float(trace.t[-1] - trace.t[0]), 1.0)
    # Steps of the fine grid instead of raw ones: jitter at 1 Hz would lengthen the path.
    grid = np.arange(trace.t[0], trace.t[-1] + 1e-6, FINE_STEP_S)
    gx, gy = np.interp(grid, trace.t, x), np.interp(grid, trace.t, y)
    path_m = float(np.hypot(np.diff(gx), np.diff(gy)).sum())
    straight_m = float(np.hypot(x[-1] - x[0], y[-1] - y[0]))
    dt = np.diff(trace.t)
    gaps = dt > GAP_S
    gap_s = float(dt[gaps].sum())
    gap_m = float(np.hypot(np.diff(x), np.diff(y))[gaps].sum())
    return np.array(
        [
            np.log(duration_s),
            np.log(path_m + 10.0),
            path_m / duration_s,
            path_m / (straight_m + 50.0),
            gap_s / duration_s,
            gap_m / gap_s if gap_s else np.nan,
        ]
    )


_SPEEDS = (
    *(f"speed_q{round(q * 100)}" for q in QUANTILES),
    *(f"share_above_{limit:g}" for limit in FAST_MPS),
    "moving_mean",
    "moving_spread",
    "stop_share",
)


def _speeds(moves: Motion | None) -> FloatArray:
    nothing = np.full(len(_SPEEDS), np.nan)
    if moves is None or moves.known.sum() < 3:  # noqa: PLR2004 - no quantile of less
        return nothing
    speed = moves.speed_mps[moves.known]
    moving = speed[speed > STOP_MPS]
    mean = float(moving.mean()) if moving.size else 0.0
    return np.array(
        [
            *np.quantile(speed, QUANTILES),
            *((speed > limit).mean() for limit in FAST_MPS),
            mean,
            float(moving.std()) / (mean + 0.5) if moving.size else 0.0,
            float((speed <= STOP_MPS).mean()),
        ]
    )


_CHANGES = (
    "gain_q90",
    "loss_q90",
    "change_median",
    "turn_per_km",
    "sharp_turns_per_km",
    "turn_rate_q90",
    "sideways_q90",
    "sideways_q50",
)
SHARP_TURN = np.radians(40)


def _changes(moves: Motion | None) -> FloatArray:
    nothing = np.full(len(_CHANGES), np.nan)
    if moves is None or len(moves.speed_mps) < 4:  # noqa: PLR2004 - three changes at least
        return nothing
    both = moves.known[1:] & moves.known[:-1]
    speed = moves.speed_mps
    change = (np.diff(speed) / moves.step_s)[both]
    if change.size < 3:  # noqa: PLR2004 - no quantile of less
        return nothing
    rolling = both & (np.minimum(speed[1:], speed[:-1]) > 1.0)
    turn = np.abs(angle_between(moves.heading[:-1], moves.heading[1:]))[rolling]
    pace = ((speed[1:] + speed[:-1]) / 2)[rolling]
    km = max(float((speed[moves.known] * moves.step_s).sum()) / 1000, 0.1)
    turn_rate = turn / moves.step_s
    sideways = turn_rate * pace
    return np.array(
        [
            np.quantile(change, 0.9),
            -np.quantile(change, 0.1),
            np.median(np.abs(change)),
            float(turn.sum()) / km,
            float((turn > SHARP_TURN).sum()) / km,
            np.quantile(turn_rate, 0.9) if turn.size else np.nan,
            np.quantile(sideways, 0.9) if turn.size else np.nan,
            np.quantile(sideways, 0.5) if turn.size else np.nan,
        ]
    )


_STOPS = ("stops_per_km", "stops_per_min", "dwell_median_s", "spacing_median_m", "spacing_spread")


def _stops(moves: Motion) -> FloatArray:
    """Count halts inside the leg; those at its two ends belong to the neighbours."""
    halted = (moves.speed_mps <= 1.0) & moves.known
    edges = np.flatnonzero(np.diff(np.concatenate(([0], halted.astype(int), [0]))))
    starts, ends = edges[0::2], edges[1::2]
    inner = (starts > 0) & (ends < len(halted))
    starts, ends = starts[inner], ends[inner]
    travelled = np.concatenate(([0.0], np.cumsum(moves.speed_mps * moves.step_s)))
    km = max(travelled[-1] / 1000, 0.1)
    minutes = max(len(halted) * moves.step_s / 60, 1.0)
    marks = np.concatenate(([0.0], travelled[starts], travelled[-1:]))
    spacing = np.diff(marks)
    return np.array(
        [
            len(starts) / km,
            len(starts) / minutes,
            float(np.median(ends - starts)) * moves.step_s if len(starts) else np.nan,
            float(np.median(spacing)),
            float(spacing.std() / (spacing.mean() + 1.0)),
        ]
    )


_SHAPE = ("chord_200_q10", "chord_200_q50", "chord_800_q10", "chord_800_q50", "bend_q95")


SHAPE_MIN_M, SHAPE_MIN_GAPPED_M = 400.0, 800.0
"""Shorter lines have no shape; where a gap took a part, twice as much must be left."""


def _shape(trace: Trace, line: Line) -> FloatArray:
    """Describe the line on the ground, whatever the speed: rails bend slowly, streets do not."""
    x, y = line
    gapless = np.diff(trace.t) <= GAP_S
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)) * gapless)))
    if along[-1] < SHAPE_MIN_M or (not gapless.all() and along[-1] < SHAPE_MIN_GAPPED_M):
        return np.full(len(_SHAPE), np.nan)
    marks = np.arange(0.0, along[-1], 50.0)
    px, py = np.interp(marks, along, x), np.interp(marks, along, y)
    heading = np.arctan2(np.diff(py), np.diff(px))
    bend = np.abs(angle_between(heading[:-1], heading[1:]))
    chords = [_chords(px, py, window) for window in (4, 16)]
    return np.array([*chords[0], *chords[1], np.quantile(bend, 0.95)])


def _chords(x: FloatArray, y: FloatArray, window: int) -> tuple[float, float]:
    if len(x) <= window:
        return np.nan, np.nan
    chord = np.hypot(x[window:] - x[:-window], y[window:] - y[:-window]) / (window * 50.0)
    low, middle = np.quantile(np.minimum(chord, 1.0), [0.1, 0.5])
    return float(low), float(middle)


FEATURE_NAMES = (
    *_WHOLE,
    *(f"{name}@30" for name in _SPEEDS),
    *(f"{name}@30" for name in _CHANGES),
    *(f"{name}@10" for name in _SPEEDS),
    *(f"{name}@10" for name in _CHANGES),
    *_STOPS,
    *_SHAPE,
)
"""Names of the numbers of `leg_features`, in order; a stored model names the ones it uses."""
