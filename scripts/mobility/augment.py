"""Vary real legs: other speeds, other phones, shorter stretches. The shape stays real."""

from dataclasses import replace

import numpy as np

from backend.mobility.geometry import EARTH_RADIUS_M
from backend.mobility.trace import Trace

SHORTEST_S = 120.0
FEWEST_FIXES = 8


def variants(leg: Trace, count: int, rng: np.random.Generator) -> list[Trace]:
    """Return up to `count` variants of a clean leg; too short ones are left out."""
    made = (_variant(leg, rng) for _ in range(count))
    return [variant for variant in made if len(variant) >= FEWEST_FIXES]


def thin(trace: Trace, interval_s: float) -> Trace:
    """Keep one fix per `interval_s` seconds at most, as a phone that saves power does."""
    slots = ((trace.t - trace.t[0]) / interval_s).astype(np.int64)
    keep = np.concatenate(([True], np.diff(slots) > 0))
    return trace.take(keep)


def _variant(leg: Trace, rng: np.random.Generator) -> Trace:
    duration_s = float(leg.t[-1] - leg.t[0])
    if duration_s > 1.5 * SHORTEST_S and rng.random() < 0.6:  # noqa: PLR2004 - share of crops
        length_s = duration_s * rng.uniform(max(0.3, SHORTEST_S / duration_s), 1.0)
        start = leg.t[0] + rng.uniform(0, duration_s - length_s)
        leg = leg.between(start, start + length_s)
    if len(leg) < FEWEST_FIXES:
        return leg
    interval_s = float(rng.choice((3, 5, 10, 15, 30)))
    if rng.random() < 0.5 and interval_s > np.median(np.diff(leg.t)):  # noqa: PLR2004 - half of them
        leg = thin(leg, interval_s)
    # Other people and other streets: the same movement, somewhat faster or slower.
    leg = replace(leg, t=leg.t[0] + (leg.t - leg.t[0]) / rng.uniform(0.85, 1.15))
    return with_noise(leg, rng.uniform(1, 8), rng) if rng.random() < 0.5 else leg  # noqa: PLR2004 - half


def with_noise(trace: Trace, size_m: float, rng: np.random.Generator) -> Trace:
    """Add independent noise of `size_m` metres to every position."""
    degree = np.pi / 180 * EARTH_RADIUS_M
    north = rng.normal(0, size_m, len(trace)) / degree
    east = rng.normal(0, size_m, len(trace)) / degree / np.cos(np.radians(trace.lat))
    return replace(trace, lat=trace.lat + north, lon=trace.lon + east)
