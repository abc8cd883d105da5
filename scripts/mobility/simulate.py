"""Make synthetic legs of every mode from simple kinematics, to widen what the model has seen.

The labelled traces hold few routes, so a model trained on them alone learns routes. Here a
vehicle follows a random line under speed limits, lights, stops, congestion and its own
acceleration, and a phone of random quality records it. Ranges are wide on purpose: they cover
what is physically usual, not what one city measured.
"""

from dataclasses import dataclass, replace

import numpy as np

from backend.mobility.geometry import EARTH_RADIUS_M
from backend.mobility.trace import BoolArray, FloatArray, Trace

GRID_M = 4.0
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Style:
    """Ranges from which one leg of a kind is drawn; metres, seconds, metres per second.

    Attributes:
        cruise: Speed that the driver aims at on a free stretch.
        stretch: How far one speed limit reaches.
        variation: Spread of the speed of stretches around the cruise, as a share.
        block: Distance between junctions.
        turn: Probability of turning at a junction.
        radius: Radius of those turns.
        wander: Radians of random bending per 100 m.
        light: Probability of being stopped at a junction.
        wait: Length of such a stop.
        halt: Distance between the stops of a service; zero when there is none.
        served: Probability that a stop of the service is served.
        dwell: Length of a served stop.
        gain: Acceleration.
        sideways: Lateral acceleration that limits speed in bends.
        traffic: Depth of congestion: 0 none, 1 standing.
        covered: Share of the way without reception.
        ends: Metres of city streets before and after a faster middle part.
    """

    mode: str
    kind: str
    cruise: Range
    duration: Range = (180.0, 1800.0)
    stretch: Range = (300.0, 1500.0)
    variation: Range = (0.1, 0.3)
    block: Range = (70.0, 250.0)
    turn: Range = (0.1, 0.35)
    radius: Range = (6.0, 15.0)
    wander: Range = (0.02, 0.25)
    light: Range = (0.1, 0.4)
    wait: Range = (5.0, 50.0)
    halt: Range = (0.0, 0.0)
    served: Range = (0.6, 1.0)
    dwell: Range = (8.0, 35.0)
    gain: Range = (0.8, 1.8)
    sideways: Range = (1.2, 2.5)
    traffic: Range = (0.0, 0.5)
    covered: Range = (0.0, 0.0)
    ends: Range = (0.0, 0.0)


_ROAD = Style("car", "city", (8.0, 14.5))
_RAIL = Style(
    "rail",
    "train",
    (20.0, 42.0),
    duration=(300.0, 2700.0),
    stretch=(800.0, 5000.0),
    variation=(0.05, 0.25),
    block=(2000.0, 9000.0),
    turn=(0.0, 0.3),
    radius=(300.0, 900.0),
    wander=(0.002, 0.08),
    light=(0.0, 0.15),
    wait=(15.0, 120.0),
    halt=(1500.0, 9000.0),
    served=(0.7, 1.0),
    dwell=(25.0, 90.0),
    gain=(0.35, 0.9),
    sideways=(0.5, 0.9),
    traffic=(0.0, 0.15),
    covered=(0.0, 0.2),
)

STYLES: tuple[Style, ...] = (
    Style("walk", "walk", (0.9, 1.75), stretch=(50, 300), variation=(0.03, 0.15),
          radius=(1, 3), light=(0.0, 0.3), wait=(3, 40), gain=(0.5, 1.0), traffic=(0, 0.1)),
    Style("walk", "stroll", (0.6, 1.3), stretch=(20, 120), variation=(0.1, 0.4),
          block=(25, 120), turn=(0.2, 0.6), radius=(1, 3), light=(0.1, 0.5), wait=(5, 90),
          gain=(0.5, 1.0), traffic=(0, 0.3)),
    Style("walk", "run", (2.0, 4.2), stretch=(100, 800), variation=(0.03, 0.15),
          radius=(2, 5), light=(0.0, 0.1), wait=(3, 30), gain=(0.5, 1.0), traffic=(0, 0.1)),
    Style("bike", "city", (3.6, 6.2), stretch=(100, 600), variation=(0.1, 0.3),
          turn=(0.1, 0.4), radius=(3, 8), light=(0.05, 0.35), gain=(0.4, 1.0),
          sideways=(1.0, 2.0), traffic=(0, 0.2)),
    Style("bike", "e-bike", (5.2, 7.2), stretch=(200, 1000), variation=(0.05, 0.18),
          turn=(0.05, 0.3), radius=(3, 8), light=(0.05, 0.35), gain=(0.6, 1.2),
          sideways=(1.0, 2.0), traffic=(0, 0.2)),
    Style("bike", "sport", (6.0, 10.5), duration=(600, 3000), stretch=(200, 1500),
          variation=(0.12, 0.4), block=(200, 1500), turn=(0.05, 0.3), radius=(5, 15),
          wander=(0.05, 0.35), light=(0.0, 0.12), gain=(0.3, 0.8), traffic=(0, 0.1)),
    Style("bike", "scooter", (4.5, 7.2), stretch=(150, 900), variation=(0.05, 0.2),
          radius=(3, 8), light=(0.05, 0.35), gain=(0.6, 1.3), traffic=(0, 0.2)),
    Style("bus", "city", (7.5, 13.5), halt=(230, 600), dwell=(8, 35), gain=(0.6, 1.2),
          turn=(0.05, 0.25), radius=(10, 20), sideways=(0.8, 1.5), traffic=(0, 0.6)),
    Style("bus", "suburban", (10.0, 18.0), halt=(400, 1300), served=(0.3, 0.9),
          block=(120, 500), turn=(0.05, 0.25), radius=(10, 25), gain=(0.6, 1.2),
          sideways=(0.8, 1.6)),
    Style("bus", "express", (15.0, 27.0), duration=(600, 2700), halt=(800, 5000),
          served=(0.4, 0.9), stretch=(500, 4000), variation=(0.2, 0.5), block=(300, 1500),
          turn=(0.05, 0.2), radius=(12, 60), light=(0.1, 0.35), gain=(0.5, 1.0),
          sideways=(0.8, 1.5), ends=(500, 6000)),
    _ROAD,
    replace(_ROAD, kind="suburb", cruise=(12.0, 20.0), block=(120.0, 600.0), stretch=(300, 2500)),
    replace(_ROAD, kind="rural", cruise=(17.0, 26.0), block=(500.0, 3000.0), wander=(0.1, 0.45),
            turn=(0.05, 0.3), radius=(10, 40), light=(0.0, 0.3), stretch=(600, 4000),
            variation=(0.1, 0.3), wait=(2, 30), traffic=(0, 0.25)),
    replace(_ROAD, kind="freeway", cruise=(22.0, 36.0), duration=(300, 2700),
            block=(2000.0, 9000.0), turn=(0.0, 0.3), radius=(60, 250), wander=(0.01, 0.08),
            light=(0.0, 0.1), stretch=(1500, 9000), variation=(0.03, 0.2), ends=(0, 3000)),
    replace(_ROAD, kind="mixed", cruise=(14.0, 28.0), duration=(400, 2700), stretch=(500, 4000),
            block=(150.0, 1500.0), variation=(0.2, 0.5), radius=(8, 60), wander=(0.02, 0.2),
            ends=(300, 4000)),
    _RAIL,
    replace(_RAIL, kind="intercity", cruise=(40.0, 85.0), halt=(15_000, 60_000)),
    replace(_RAIL, kind="metro", cruise=(13.0, 24.0), halt=(500.0, 1700.0), dwell=(15, 40),
            served=(1.0, 1.0), gain=(0.7, 1.2), block=(400, 2000), turn=(0.0, 0.4),
            radius=(100, 400), wander=(0.01, 0.15), covered=(0.1, 0.95)),
    replace(_RAIL, kind="regional-metro", cruise=(18.0, 34.0), halt=(1200.0, 5000.0),
            dwell=(15, 45), served=(1.0, 1.0), gain=(0.6, 1.1), block=(1000, 5000),
            turn=(0.0, 0.4), radius=(200, 600), wander=(0.005, 0.12), covered=(0.1, 0.8)),
    replace(_RAIL, kind="tram", cruise=(9.0, 17.0), halt=(330.0, 900.0), dwell=(15, 45),
            served=(0.8, 1.0), gain=(0.6, 1.1), block=(150, 600), turn=(0.0, 0.15),
            radius=(25, 60), wander=(0.01, 0.15), light=(0.05, 0.3), wait=(5, 40),
            covered=(0.0, 0.4)),
    replace(_RAIL, kind="street-tram", cruise=(6.0, 12.0), halt=(200.0, 600.0), dwell=(12, 45),
            served=(0.7, 1.0), gain=(0.6, 1.1), block=(80, 300), turn=(0.0, 0.2),
            radius=(15, 40), wander=(0.01, 0.2), light=(0.1, 0.4), wait=(5, 60),
            traffic=(0.0, 0.4), covered=(0.0, 0.6)),
)  # fmt: skip


def simulate_leg(style: Style, rng: np.random.Generator) -> Trace:
    """Draw one leg of a style as a phone would have recorded it."""
    duration_s = float(np.exp(rng.uniform(np.log(style.duration[0]), np.log(style.duration[1]))))
    cruise = rng.uniform(*style.cruise)
    length_m = max(cruise * duration_s, 300.0)
    x, y, limit, junctions = _line(style, length_m, cruise, rng)
    pauses = _pauses(style, len(x), junctions, rng)
    t = _ride(limit, pauses, rng.uniform(*style.gain), rng)
    end = int(np.searchsorted(t, duration_s))
    return _record(style, t[:end], x[:end], y[:end], rng)


def _line(
    style: Style, length_m: float, cruise: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, list[int]]:
    """Draw the line on the ground and the speed that it allows at each grid point."""
    count = int(length_m / GRID_M)
    wander = rng.uniform(*style.wander) * np.sqrt(GRID_M / 100)
    noise = np.convolve(rng.normal(0, 1, count + 24), np.ones(25) / 5, "valid")[:count]
    bend = noise * wander / 5
    ends = int(min(rng.uniform(*style.ends), 0.45 * length_m) / GRID_M)
    junctions = _junctions(style, count, ends, rng)
    turn, radius = rng.uniform(*style.turn), rng.uniform(*style.radius)
    for at in junctions:
        if rng.random() < turn:
            angle = rng.choice((-1, 1)) * np.radians(rng.normal(80, 20))
            steps = max(int(abs(angle) * radius / GRID_M), 1)
            bend[at : at + steps] += angle / steps
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(bend)
    curvature = np.abs(np.convolve(bend, np.ones(3) / 3, "same")) / GRID_M
    in_bends = np.sqrt(rng.uniform(*style.sideways) / np.maximum(curvature, 1e-6))
    free = _free_speed(style, count, cruise, rng)
    if ends:
        outer = (np.arange(count) < ends) | (np.arange(count) > count - ends)
        free[outer] = np.minimum(free[outer], rng.uniform(6.0, 13.0))
    limit = np.minimum(free, in_bends)
    slowest = 0.5 if style.mode == "walk" else 1.8
    x, y = np.cumsum(np.cos(heading) * GRID_M), np.cumsum(np.sin(heading) * GRID_M)
    return x, y, np.maximum(limit, slowest), junctions


def _junctions(style: Style, count: int, ends: int, rng: np.random.Generator) -> list[int]:
    """Draw where the way meets others: densely in the city parts at its ends."""
    junctions: list[int] = []
    at = 0
    while True:
        in_city = at < ends or at > count - ends
        low, high = (70.0, 250.0) if in_city else style.block
        at += max(int(rng.uniform(low, high) / GRID_M), 1)
        if at >= count - 1:
            return junctions
        junctions.append(at)


def _free_speed(style: Style, count: int, cruise: float, rng: np.random.Generator) -> FloatArray:
    """Draw speed limits by stretch, times congestion or slope that changes slowly."""
    spread = rng.uniform(*style.variation)
    speed = np.empty(count)
    at = 0
    while at < count:
        reach = max(int(rng.uniform(*style.stretch) / GRID_M), 5)
        speed[at : at + reach] = cruise * np.clip(rng.normal(1, spread), 0.3, 1.5)
        at += reach
    slow = np.interp(
        np.arange(count), np.arange(0, count + 60, 50), rng.random(len(range(0, count + 60, 50)))
    )
    depth = rng.uniform(*style.traffic)
    free: FloatArray = speed * (1 - depth * slow**2)
    return free


def _pauses(
    style: Style, count: int, junctions: list[int], rng: np.random.Generator
) -> dict[int, float]:
    """Draw where the leg stands still, and for how many seconds."""
    light = rng.uniform(*style.light)
    pauses = {at: rng.uniform(*style.wait) for at in junctions if rng.random() < light}
    if style.halt[1] > 0:
        spacing, served = rng.uniform(*style.halt), rng.uniform(*style.served)
        at = rng.uniform(0.3, 1.0) * spacing
        while at / GRID_M < count - 1:
            if rng.random() < served:
                pauses[int(at / GRID_M)] = rng.uniform(*style.dwell)
            at += spacing * np.clip(rng.normal(1, 0.3), 0.4, 2.0)
    return pauses


def _ride(
    limit: FloatArray, pauses: dict[int, float], gain: float, rng: np.random.Generator
) -> FloatArray:
    """Return the time at each grid point for a vehicle that accelerates and brakes."""
    target = limit.copy()
    for at in pauses:
        target[at] = 0.4
    brake = gain * rng.uniform(0.9, 1.6)
    squared = (target**2).tolist()
    for i in range(1, len(squared)):
        squared[i] = min(squared[i], squared[i - 1] + 2 * gain * GRID_M)
    for i in range(len(squared) - 2, -1, -1):
        squared[i] = min(squared[i], squared[i + 1] + 2 * brake * GRID_M)
    seconds = GRID_M / np.sqrt(np.maximum(np.array(squared), 0.16))
    for at, wait in pauses.items():
        seconds[at] += wait
    passed: FloatArray = np.cumsum(seconds)
    return passed


def _record(
    style: Style, t: FloatArray, x: FloatArray, y: FloatArray, rng: np.random.Generator
) -> Trace:
    """Let a phone of random quality record the ride."""
    interval = float(rng.choice((1, 1, 2, 3, 5, 6, 10, 15, 20, 30)))
    steps = interval * (rng.uniform(0.8, 1.2, int((t[-1] - t[0]) / interval) + 1))
    fixes = t[0] + np.concatenate(([0.0], np.cumsum(steps)))
    fixes = fixes[fixes <= t[-1]]
    fixes = fixes[_received(style, fixes, rng)]
    px, py = np.interp(fixes, t, x), np.interp(fixes, t, y)
    drift_m = float(np.exp(rng.uniform(np.log(1.5), np.log(20.0))))
    grain_m = float(np.exp(rng.uniform(np.log(0.3), np.log(4.0))))
    strayed_m = rng.choice((0.0, 0.01, 0.05, 0.12))
    for axis in (px, py):
        # Now and then a phone falls back to masts or networks for a fix or two.
        stray = rng.random(len(fixes)) < strayed_m
        error = _drift(fixes, drift_m, rng) + rng.normal(0, grain_m, len(fixes))
        np.add(axis, error + stray * rng.normal(0, 40.0, len(fixes)), out=axis)
    lat0, lon0 = rng.uniform(35, 60), rng.uniform(-5, 25)
    degree = np.pi / 180 * EARTH_RADIUS_M
    lat = np.round(lat0 + py / degree, 5)
    lon = np.round(lon0 + px / degree / np.cos(np.radians(lat0)), 5)
    unknown = np.full(len(fixes), np.nan)
    start = float(rng.uniform(1.6e9, 1.75e9))
    name = f"sim-{style.mode}-{style.kind}"
    return Trace(name, fixes + start, lat, lon, unknown, unknown, unknown)


def _received(style: Style, fixes: FloatArray, rng: np.random.Generator) -> BoolArray:
    """Draw which fixes were received: single losses, pauses of the phone, tunnels."""
    received: BoolArray = rng.random(len(fixes)) > rng.choice((0.0, 0.02, 0.15))
    span_s = fixes[-1] - fixes[0]
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        begin = fixes[0] + rng.uniform(0, 1) * span_s
        received &= (fixes < begin) | (fixes > begin + rng.uniform(60, 0.2 * span_s + 61))
    covered = rng.uniform(*style.covered)
    if covered > 0.05:  # noqa: PLR2004 - below it there is no tunnel worth one
        begin = fixes[0] + rng.uniform(0, 1) * span_s * (1 - covered)
        below = (fixes > begin) & (fixes < begin + covered * span_s)
        received &= ~below | (rng.random(len(fixes)) < rng.choice((0.0, 0.03, 0.15)))
    received[[0, -1]] = True
    return received


def _drift(fixes: FloatArray, size_m: float, rng: np.random.Generator) -> FloatArray:
    """Draw an error that changes slowly, as multipath does."""
    knots = np.arange(fixes[0] - 1, fixes[-1] + 80, rng.uniform(15, 60))
    drift: FloatArray = np.interp(fixes, knots, rng.normal(0, size_m, len(knots)))
    return drift
