"""Ten styles of false traces, made from real ones by somebody who has read the thresholds.

Each style is a function from a real trace (and a second one where it needs two) to a forged
one. Half of the forgeries are careful: they keep each figure just inside the known limit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from backend.mobility.geometry import EARTH_RADIUS_M, to_plane
from backend.mobility.trace import FloatArray, Trace
from scripts.mobility.alter import slowed, steady
from scripts.mobility.augment import thin, with_noise
from scripts.mobility.paths import along_m, dated_line, sampled

Rng = np.random.Generator
DEGREE_M = np.pi / 180 * EARTH_RADIUS_M


@dataclass(frozen=True, slots=True)
class Sources:
    """What a forger has: a real trace, another one, and whether they take care.

    Attributes:
        own: Clean trace that the forger's account has submitted before.
        motor: Clean leg of a motor vehicle that nobody has submitted.
    """

    own: Trace
    motor: Trace
    is_careful: bool


Style = Callable[[Sources, Rng], Trace]


def teleport(given: Sources, rng: Rng) -> Trace:
    """Jump some kilometres in the middle; carefully: behind a pause of the recorder."""
    trace = given.own
    middle = int(len(trace) * rng.uniform(0.3, 0.7))
    moved = _moved(trace, rng.uniform(8_000, 25_000), rng)
    pause_s = rng.uniform(40.0, 58.0) if given.is_careful else 0.0
    later = np.arange(len(trace)) >= middle
    return replace(
        trace,
        t=trace.t + later * pause_s,
        lat=np.where(later, moved.lat, trace.lat),
        lon=np.where(later, moved.lon, trace.lon),
    )


def constant_speed(given: Sources, rng: Rng) -> Trace:
    """Play a line at one speed; carefully: on foot or by bike, with variation of any kind."""
    if given.is_careful:
        return _dated(steady(given.own, rng), rng)
    trace = sampled(given.own, 2.0)
    length = along_m(trace)
    pace = rng.uniform(3.5, 6.5) * np.clip(rng.normal(1, 0.02, len(trace) * 4), 0.5, 1.5)
    along = np.concatenate(([0.0], np.cumsum(pace * 2.0)))
    along = along[along < length[-1]]
    played = dated_line(trace, length, along, trace.t[0] + 2.0 * np.arange(len(along)))
    return with_noise(played, 0.5, rng)


def straight_lines(given: Sources, rng: Rng) -> Trace:
    """Draw straight lines between a few points of a route; carefully: at varied speed."""
    trace = given.own
    marks = np.unique(np.linspace(0, len(trace) - 1, int(rng.integers(4, 9))).astype(int))
    drawn = trace.take(marks)
    length = along_m(drawn)
    spread = 0.25 if given.is_careful else 0.0
    knots = np.clip(rng.normal(1, spread, 4000), 0.3, 2.0)
    pace = rng.uniform(3.5, 6.5) * np.repeat(knots, 20)
    along = np.concatenate(([0.0], np.cumsum(pace)))
    along = along[along < length[-1]]
    return dated_line(drawn, length, along, trace.t[0] + np.arange(len(along)))


def flat_receiver(given: Sources, rng: Rng) -> Trace:
    """Copy a route with one accuracy and exact timing; carefully: accuracy with a little life."""
    trace = sampled(given.own, 1.0)
    accuracy = np.full(len(trace), 5.0)
    if given.is_careful:
        accuracy = accuracy + rng.uniform(0, 0.5, len(trace))
    return _dated(replace(trace, accuracy_m=accuracy), rng)


def replay(given: Sources, rng: Rng) -> Trace:
    """Submit an old trace with a new date; carefully: without its ends."""
    trace = given.own
    if given.is_careful:
        edge = 0.05 * (trace.t[-1] - trace.t[0])
        trace = trace.between(trace.t[0] + edge, trace.t[-1] - edge)
    return _dated(trace, rng)


def shifted(given: Sources, rng: Rng) -> Trace:
    """Move an old trace elsewhere; carefully: turned as well."""
    trace = _moved(given.own, rng.uniform(500, 5_000), rng)
    return _dated(_turned(trace, rng.uniform(0, 360)) if given.is_careful else trace, rng)


def reversed_track(given: Sources, rng: Rng) -> Trace:
    """Ride an old trace backwards; carefully: with some noise."""
    trace = given.own
    back = replace(
        trace.take(np.arange(len(trace) - 1, -1, -1)), t=trace.t[0] + trace.t[-1] - trace.t[::-1]
    )
    return _dated(with_noise(back, 2.0, rng) if given.is_careful else back, rng)


def noisy_replay(given: Sources, rng: Rng) -> Trace:
    """Replay an old trace with noise; carefully: with rarer fixes instead of much noise."""
    trace = thin(given.own, 5.0) if given.is_careful else given.own
    return _dated(with_noise(trace, 1.5 if given.is_careful else rng.uniform(3, 6), rng), rng)


def slowed_motor(given: Sources, rng: Rng) -> Trace:
    """Slow a ride in a vehicle to the pace of a bike; carefully: or on foot, any sampling."""
    if given.is_careful:
        return _dated(slowed(given.motor, rng), rng)
    trace = given.motor
    mean = along_m(trace)[-1] / max(trace.t[-1] - trace.t[0], 1.0)
    factor = max(mean / rng.uniform(3.8, 5.5), 1.2)
    return _dated(replace(trace, t=trace.t[0] + (trace.t - trace.t[0]) * factor), rng)


def merged(given: Sources, rng: Rng) -> Trace:
    """Glue a second ride to an old trace; carefully: where and when the first one ends."""
    first, second = given.own, given.motor
    start = first.t[-1] + (rng.uniform(20, 60) if given.is_careful else 5.0)
    lat, lon = second.lat, second.lon
    if given.is_careful:
        lat, lon = lat - lat[0] + first.lat[-1], lon - lon[0] + first.lon[-1]
    later = replace(second, t=second.t - second.t[0] + start, lat=lat, lon=lon)
    return _dated(_joined(first, later), rng)


STYLES: dict[str, Style] = {
    "teleport": teleport,
    "constant speed": constant_speed,
    "straight lines": straight_lines,
    "flat receiver": flat_receiver,
    "replay": replay,
    "shifted": shifted,
    "reversed": reversed_track,
    "noisy replay": noisy_replay,
    "slowed motor": slowed_motor,
    "merged": merged,
}


def _dated(trace: Trace, rng: Rng) -> Trace:
    return replace(trace, t=trace.t + 86_400.0 * int(rng.integers(1, 60)))


def _moved(trace: Trace, by_m: float, rng: Rng) -> Trace:
    angle = rng.uniform(0, 2 * np.pi)
    east = by_m * np.cos(angle) / DEGREE_M / np.cos(np.radians(trace.lat[0]))
    return replace(trace, lat=trace.lat + by_m * np.sin(angle) / DEGREE_M, lon=trace.lon + east)


def _turned(trace: Trace, degrees: float) -> Trace:
    x, y = to_plane(trace.lat, trace.lon)
    spun = (x + 1j * y) * np.exp(1j * np.radians(degrees))
    return _placed(trace, spun.real, spun.imag)


def _placed(trace: Trace, x: FloatArray, y: FloatArray) -> Trace:
    lat0, lon0 = float(trace.lat.mean()), float(trace.lon[0])
    return replace(
        trace, lat=lat0 + y / DEGREE_M, lon=lon0 + x / DEGREE_M / np.cos(np.radians(lat0))
    )


def _joined(first: Trace, later: Trace) -> Trace:
    def both(name: str) -> FloatArray:
        return np.concatenate([getattr(first, name), getattr(later, name)])

    return Trace(
        first.id,
        *(both(name) for name in ("t", "lat", "lon", "accuracy_m", "speed_mps", "altitude_m")),
    )
