"""Turn real movements into false walks and rides: vehicles slowed, lines played at one speed.

The forger decides everything that a trace shows, so every figure is drawn from a range: pace of
a walker or a rider, spread and persistence of the variation that is added, rate of fixes, noise.
"""

from dataclasses import replace

import numpy as np

from backend.mobility.trace import FloatArray, Trace
from scripts.mobility.augment import thin, with_noise
from scripts.mobility.paths import along_m, dated_line, sampled

Rng = np.random.Generator
ON_FOOT_MPS, ON_A_BIKE_MPS = (1.0, 1.7), (3.2, 6.5)
STEPS_S = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0)
PLAYED_STEPS_S = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0)
SHORTEST_S, LONGEST_S = 150.0, 3_000.0
FEWEST_FIXES = 8
PLAYED_SECONDS_MAX = 7_200


def slowed(trace: Trace, rng: Rng) -> Trace:
    """Slow a ride in a vehicle to a pace on foot or by bike, at any rate of fixes."""
    mean = along_m(trace)[-1] / max(trace.t[-1] - trace.t[0], 1.0)
    factor = max(mean / _pace(rng), 1.2)
    slow = replace(trace, t=trace.t[0] + (trace.t - trace.t[0]) * factor)
    slow = _cropped(replace(slow, speed_mps=np.full(len(slow), np.nan)), rng)
    step_s = float(rng.choice((0.0, *STEPS_S)))
    if step_s:
        slow = thin(slow, step_s) if rng.random() < 0.5 else sampled(slow, step_s)  # noqa: PLR2004 - half
    return with_noise(slow, rng.uniform(0.5, 5), rng) if rng.random() < 0.4 else slow  # noqa: PLR2004 - share


def steady(trace: Trace, rng: Rng) -> Trace:
    """Play a line at one speed, varied by noise of any spread that lasts up to 20 seconds."""
    length = along_m(trace)
    seconds = int(min(length[-1] / 0.5, PLAYED_SECONDS_MAX)) + 10
    lasts_s = 0.0 if rng.random() < 0.5 else rng.uniform(2, 20)  # noqa: PLR2004 - half
    varied = 1 + lasting_noise(seconds, lasts_s, rng.uniform(0, 0.35), rng)
    passed = np.cumsum(_pace(rng) * np.clip(varied, 0.3, 1.7))
    step_s = float(rng.choice(PLAYED_STEPS_S))
    marks = np.concatenate(([0.0], passed[passed < length[-1]]))[:: int(step_s)]
    t = trace.t[0] + step_s * np.arange(len(marks))
    played = _cropped(dated_line(trace, length, marks, t), rng)
    return with_noise(played, rng.uniform(0.2, 3), rng)


def lasting_noise(count: int, lasts_s: float, spread: float, rng: Rng) -> FloatArray:
    """Return noise of one second steps whose correlation falls to 1/e after `lasts_s`."""
    if lasts_s < 1:
        return rng.normal(0, spread, count)
    keep = np.exp(-1 / lasts_s)
    noise = rng.normal(0, spread, count)
    fresh = noise * np.sqrt(1 - keep**2)
    for step in range(1, count):
        noise[step] = keep * noise[step - 1] + fresh[step]
    return noise


def _pace(rng: Rng) -> float:
    return float(rng.uniform(*(ON_FOOT_MPS if rng.random() < 0.5 else ON_A_BIKE_MPS)))  # noqa: PLR2004 - half


def _cropped(trace: Trace, rng: Rng) -> Trace:
    """Keep a stretch of some minutes: forgers choose how much they present."""
    whole_s = float(trace.t[-1] - trace.t[0])
    if whole_s <= SHORTEST_S:
        return trace
    length_s = min(float(np.exp(rng.uniform(np.log(SHORTEST_S), np.log(LONGEST_S)))), whole_s)
    begin = trace.t[0] + rng.uniform(0, whole_s - length_s)
    part = trace.between(begin, begin + length_s)
    return part if len(part) >= FEWEST_FIXES else trace
