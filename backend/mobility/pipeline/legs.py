"""From stretches to legs with a mode, a calibrated probability and a distance. Pure."""

from dataclasses import dataclass, replace

import numpy as np

from backend.mobility.geometry import to_plane
from backend.mobility.pipeline.features import (
    COARSE_STEP_S,
    FINE_SAMPLING_S,
    FINE_STEP_S,
    GAP_S,
    leg_features,
    motion,
    smooth_line,
)
from backend.mobility.pipeline.model import ModeModel
from backend.mobility.pipeline.segments import MERGE_GAP_S, RIDE, STILL, Segment, segment
from backend.mobility.trace import FloatArray, Trace

FEWEST_FIXES = 4
DISTANCE_STEP_S = 5.0
"""At 5 m/s chords of five seconds lose under 1 % in bends; shorter ones add up jitter."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """One stretch travelled in one way.

    Attributes:
        mode: walk, bike, bus, rail or car.
        probability: Calibrated probability of that mode.
        shares: Probability of every mode.
        distance_m: Length of the smoothed path; gaps count as straight lines.
        start_t: Unix seconds.
        end_t: Unix seconds.
        gap_share: Share of the time without a fix.
        fixes: Clean points of the leg.
        interval_s: Median time between them.
        features: What the mode was judged by, named by `FEATURE_NAMES`.
    """

    mode: str
    probability: float
    shares: dict[str, float]
    distance_m: float
    start_t: float
    end_t: float
    gap_share: float
    fixes: int
    interval_s: float
    features: FloatArray


def find_legs(clean: Trace, model: ModeModel) -> list[Leg]:
    """Cut a clean trace into legs and say how each was travelled."""
    if len(clean) < FEWEST_FIXES:
        return []
    interval_s = float(np.median(np.diff(clean.t)))
    step_s = FINE_STEP_S if interval_s <= FINE_SAMPLING_S else COARSE_STEP_S
    moves = motion(clean, smooth_line(clean), step_s)
    parts = segment(moves, float(clean.t[0]))
    found = [(part, leg) for part in parts if (leg := _leg(clean, part, model))]
    return [leg for _, leg in _merge(clean, found, model)]


def leg_of(points: Trace, model: ModeModel) -> Leg:
    """Describe points that are known to be one leg."""
    features = leg_features(points)
    shares = model.probabilities(features)
    mode = max(shares, key=shares.__getitem__)
    dt = np.diff(points.t)
    duration_s = max(float(points.t[-1] - points.t[0]), 1.0)
    return Leg(
        mode=mode,
        probability=shares[mode],
        shares=shares,
        distance_m=distance_m(points),
        start_t=float(points.t[0]),
        end_t=float(points.t[-1]),
        gap_share=float(dt[dt > GAP_S].sum()) / duration_s,
        fixes=len(points),
        interval_s=float(np.median(dt)),
        features=features,
    )


def distance_m(points: Trace) -> float:
    """Return the length of the path, smoothed against jitter, in metres."""
    x, y = smooth_line(points)
    if float(np.median(np.diff(points.t))) < DISTANCE_STEP_S:
        grid = np.arange(points.t[0], points.t[-1], DISTANCE_STEP_S)
        grid = np.append(grid, points.t[-1])
        x, y = np.interp(grid, points.t, x), np.interp(grid, points.t, y)
    return float(np.hypot(np.diff(x), np.diff(y)).sum())


def straight_line_m(points: Trace) -> float:
    """Return the distance from the first to the last point as the crow flies, in metres."""
    x, y = to_plane(points.lat, points.lon)
    return float(np.hypot(x[-1] - x[0], y[-1] - y[0]))


def _leg(clean: Trace, part: Segment, model: ModeModel) -> Leg | None:
    if part.state == STILL:
        return None
    points = clean.between(part.start_t, part.end_t)
    if len(points) < FEWEST_FIXES:
        return None
    return leg_of(points, model)


def _merge(
    clean: Trace, found: list[tuple[Segment, Leg]], model: ModeModel
) -> list[tuple[Segment, Leg]]:
    """Join neighbours of the same mode that only a short halt or a jam separates."""
    merged: list[tuple[Segment, Leg]] = []
    for part, leg in found:
        if merged:
            before, previous = merged[-1]
            close = part.start_t - before.end_t <= MERGE_GAP_S
            if close and previous.mode == leg.mode and before.state == part.state:
                joined = replace(before, end_t=part.end_t)
                points = clean.between(joined.start_t, joined.end_t)
                merged[-1] = (joined, leg_of(points, model))
                continue
            if close and part.state == before.state == RIDE:
                merged[-1:] = _join_if_surer(clean, merged[-1], (part, leg), model)
                continue
        merged.append((part, leg))
    return merged


def _join_if_surer(
    clean: Trace, first: tuple[Segment, Leg], second: tuple[Segment, Leg], model: ModeModel
) -> list[tuple[Segment, Leg]]:
    """Join two rides with no walk between when the whole is surer than its parts.

    Nobody changes vehicle without walking or waiting: two modes in a row are mostly one
    ride that a long halt has cut in two.
    """
    joined = replace(first[0], end_t=second[0].end_t)
    whole = leg_of(clean.between(joined.start_t, joined.end_t), model)
    if whole.probability >= max(first[1].probability, second[1].probability) - 0.1:
        return [(joined, whole)]
    return [first, second]
