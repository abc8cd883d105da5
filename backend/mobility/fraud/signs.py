"""Signs of a made-up or altered trace, visible in that trace alone. Pure.

Thresholds lie beyond what honest phones showed: 138 labelled traces, of which none is held
(docs/mobility.md has the table). Attackers may read them; what then remains undetected is
caught by comparison with earlier traces or stays at P1 with its low reward and tight caps.
"""

from dataclasses import dataclass

import numpy as np

from backend.mobility.geometry import step_lengths_m, to_plane
from backend.mobility.pipeline.cleaning import CleanTrace, step_speeds_mps
from backend.mobility.pipeline.features import smooth_line
from backend.mobility.trace import BoolArray, FloatArray, Trace

FEWEST_POINTS = 3
TELEPORT_MPS = 100.0
TELEPORT_M = 1_000.0
TELEPORT_ACCURACY_M = 65.0
"""65 m is what phones report for a position by Wi-Fi: worse ones jump honestly."""
TELEPORT_GAP_S = 60.0
TELEPORTS_OVER_GAPS = 2
"""After a tunnel one false fix is honest: a phone was 15 km off while it stated 60 m."""
FALSE_START_M = 3_000.0
STEADY_STEP_S = 20.0
STEADY_HALF, STEADY_MOST = 0.085, 0.155
"""Reach of the moving speed over its median; the smallest of an honest trace are 0.095 for
the middle half and 0.163 for the middle four fifths."""
STEADY_MIN_STEPS = 8
SPRINT_STEP_S, SPRINT_MIN_STEPS = 10.0, 16
SPRINT_MIN = 0.17
"""How far the fastest 3 % of ten-second speeds lie above the median, as a share of it. A rider
sprints and rolls downhill: 0.201 is the least of an honest trace. A player slows in corners as
a rider does, and never hurries: 0.098 at most at a pace that varies by 7 %."""
EXACT_SHARE = 0.6
"""Largest share of steps equal to their predecessor in an honest trace: 0.39."""
EXACT_M = 0.7
EXACT_MIN_STEPS = 20
FLAT_MIN_FIXES = 40
OWN_SPEED_RATIO = 1.15
"""Largest ratio of the device's own speed to that of its positions in an honest trace: 1.003."""
OWN_SPEED_MIN_STEPS = 30
OWN_SPEED_RARE_RATIO, OWN_SPEED_RARE_S, OWN_SPEED_RARE_STEPS = 1.25, 60.0, 15
"""Where fixes are rarer the two speeds of a step are averaged; largest honest ratio: 1.16."""
WHITE_RATIO = 3.2
"""See `_is_white`."""
JOINT_GAP_S, JOINT_MIN_FIXES, JOINT_MPS = 30.0, 30, 45.0
"""A jump at more than 160 km/h between two recordings of thirty fixes each."""
DISORDER_SHARE = 0.2
IMPOSSIBLE_TELEPORTS = 3


@dataclass(frozen=True, slots=True)
class Sign:
    """One finding.

    Attributes:
        code: Stable name; docs/mobility.md explains each.
        refuses: True when no honest trip can look like this; otherwise the trip is held.
        figure: The number that crossed its threshold.
    """

    code: str
    refuses: bool
    figure: float


def signs_of(cleaned: CleanTrace) -> list[Sign]:
    """Return every sign that a trace shows, in a fixed order."""
    trace = cleaned.trace
    if len(trace) < FEWEST_POINTS:
        return []
    checks = (
        _teleport(trace),
        _steady(trace) or _sprintless(trace),
        _exact(trace),
        _flat_accuracy(trace),
        _own_speed(trace),
        _white(trace),
        _regime(trace),
        _disorder(cleaned),
    )
    return [sign for sign in checks if sign]


def _teleport(trace: Trace) -> Sign | None:
    sure = np.isnan(trace.accuracy_m) | (trace.accuracy_m <= TELEPORT_ACCURACY_M)
    points = trace.take(sure)
    if len(points) < FEWEST_POINTS:
        return None
    speeds = step_speeds_mps(points)
    lengths = step_lengths_m(points.lat, points.lon)
    jumps = (speeds > TELEPORT_MPS) & (lengths > TELEPORT_M)
    gaps = np.diff(points.t) > TELEPORT_GAP_S
    # A phone often starts with the position where it was last switched on.
    if jumps[0] and lengths[0] > FALSE_START_M:
        jumps[0] = False
    count = int(jumps.sum())
    if not (jumps & ~gaps).any() and count < TELEPORTS_OVER_GAPS:
        return None
    return Sign("teleport", refuses=count >= IMPOSSIBLE_TELEPORTS, figure=float(speeds.max()))


def _steady(trace: Trace) -> Sign | None:
    """Measure how far the middle half, and the middle four fifths, of the speeds reach."""
    x, y = smooth_line(trace)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    grid = np.arange(trace.t[0], trace.t[-1], STEADY_STEP_S)
    speed = np.diff(np.interp(grid, trace.t, along)) / STEADY_STEP_S
    moving = speed[speed > 1.0]
    if len(moving) < STEADY_MIN_STEPS:
        return None
    tenth, quarter, middle, three, nine = np.quantile(moving, [0.1, 0.25, 0.5, 0.75, 0.9])
    half, most = float((three - quarter) / middle), float((nine - tenth) / middle)
    if half >= STEADY_HALF and most >= STEADY_MOST:
        return None
    return Sign("constant_speed", refuses=False, figure=half)


def _sprintless(trace: Trace) -> Sign | None:
    """Find a movement that never goes faster than usual, whatever slows it down."""
    x, y = smooth_line(trace)
    along = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))))
    grid = np.arange(trace.t[0], trace.t[-1], SPRINT_STEP_S)
    speed = np.diff(np.interp(grid, trace.t, along)) / SPRINT_STEP_S
    moving = speed[speed > 1.0]
    if len(moving) < SPRINT_MIN_STEPS:
        return None
    middle, fastest = np.quantile(moving, [0.5, 0.97])
    reach = float(fastest / middle) - 1
    return Sign("constant_speed", refuses=False, figure=reach) if reach < SPRINT_MIN else None


def _exact(trace: Trace) -> Sign | None:
    """Find steps that repeat: a player walks in equal steps along drawn lines."""
    second, comparable = _second_differences(trace)
    if comparable.sum() < EXACT_MIN_STEPS:
        return None
    share = float((second[comparable] < EXACT_M).mean())
    return Sign("straight_lines", refuses=False, figure=share) if share > EXACT_SHARE else None


def _second_differences(trace: Trace) -> tuple[FloatArray, BoolArray]:
    x, y = to_plane(trace.lat, trace.lon)
    dt = np.diff(trace.t)
    steps = np.stack([np.diff(x), np.diff(y)], axis=1)
    moving = np.hypot(steps[:, 0], steps[:, 1]) > 3.0  # noqa: PLR2004 - beyond rounding, metres
    comparable = moving[1:] & moving[:-1] & (np.abs(np.diff(dt)) < 0.05)  # noqa: PLR2004 - seconds of jitter
    change = np.diff(steps, axis=0)
    return np.hypot(change[:, 0], change[:, 1]), comparable


def _flat_accuracy(trace: Trace) -> Sign | None:
    known = trace.accuracy_m[~np.isnan(trace.accuracy_m)]
    if len(known) < FLAT_MIN_FIXES or np.ptp(known) > 0.01:  # noqa: PLR2004 - metres
        return None
    return Sign("flat_accuracy", refuses=False, figure=float(known[0]))


def _own_speed(trace: Trace) -> Sign | None:
    """Compare the speed column with the positions: slowed or hurried replays forget it."""
    dt = np.diff(trace.t)
    later, middle = trace.speed_mps[1:], (trace.speed_mps[1:] + trace.speed_mps[:-1]) / 2
    looks = (
        (later, 15.0, OWN_SPEED_MIN_STEPS, OWN_SPEED_RATIO),
        (middle, OWN_SPEED_RARE_S, OWN_SPEED_RARE_STEPS, OWN_SPEED_RARE_RATIO),
    )
    lengths = step_lengths_m(trace.lat, trace.lon)
    for speed, longest_s, fewest, limit in looks:
        usable = ~np.isnan(speed) & (dt < longest_s) & (dt > 0)
        if usable.sum() >= fewest:
            claimed = float((speed * dt)[usable].sum())
            ratio = claimed / max(float(lengths[usable].sum()), 1.0)
            if ratio > limit:
                return Sign("speed_mismatch", refuses=False, figure=ratio)
    return None


def _white(trace: Trace) -> Sign | None:
    """Find noise added by hand: it is independent from fix to fix, that of receivers drifts.

    Compares how rough the line is from fix to fix with how rough it is over four fixes.
    """
    dt = np.diff(trace.t)
    if len(trace) < 80 or np.median(dt) > 3.0:  # noqa: PLR2004 - needs frequent fixes
        return None
    x, y = to_plane(trace.lat, trace.lon)
    rough = [float(np.median(np.hypot(_bend(x, lag), _bend(y, lag)))) for lag in (1, 4)]
    known = trace.accuracy_m[~np.isnan(trace.accuracy_m)]
    stated = float(np.median(known)) if known.size else 10.0
    # White noise of s metres makes 1.9 s here at every lag; drift makes far less at lag one.
    is_white = rough[0] > WHITE_RATIO and rough[0] > 0.75 * rough[1] and stated < 3 * rough[0]
    return Sign("white_noise", refuses=False, figure=rough[0]) if is_white else None


def _bend(column: FloatArray, lag: int) -> FloatArray:
    bent: FloatArray = column[2 * lag :] - 2 * column[lag:-lag] + column[: -2 * lag]
    return bent


def _regime(trace: Trace) -> Sign | None:
    """Find two recordings glued together: the rate of fixes changes for good at a jump."""
    dt = np.diff(trace.t)
    lengths = step_lengths_m(trace.lat, trace.lon)
    joints = np.flatnonzero((lengths > TELEPORT_M) & (lengths / np.maximum(dt, 1e-3) > JOINT_MPS))
    for joint in joints:
        before, after = dt[:joint], dt[joint + 1 :]
        if min(len(before), len(after)) < JOINT_MIN_FIXES or dt[joint] > JOINT_GAP_S:
            continue
        ratio = float(np.median(before) / max(np.median(after), 1e-3))
        if not 0.5 < ratio < 2.0:  # noqa: PLR2004 - the rate doubles or halves
            return Sign("merged_tracks", refuses=False, figure=ratio)
    return None


def _disorder(cleaned: CleanTrace) -> Sign | None:
    share = cleaned.disordered / max(cleaned.raw_count, 1)
    return Sign("disorder", refuses=False, figure=share) if share > DISORDER_SHARE else None
