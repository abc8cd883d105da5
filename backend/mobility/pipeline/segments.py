"""Cut a clean trace into stretches of standing, walking pace and riding. Pure.

A small hidden Markov model over steps of ten seconds or more: speeds are noisy, so one slow
step does not end a ride and one fast step does not end a walk. What vehicle it is comes later.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backend.mobility.pipeline.features import FINE_STEP_S, Motion
from backend.mobility.trace import FloatArray, IntArray

STILL, FOOT, RIDE = 0, 1, 2

SWITCH_COST = np.array([[0.0, 3.0, 6.0], [3.0, 0.0, 9.0], [6.0, 9.0, 0.0]])
"""Nats to pay for a change. A ride that walking interrupts must show at least a minute of
it; standing may follow walking freely. Chosen on the labelled traces, flat around the choice."""
SHORTEST_WALK_S = 60.0
SHORTEST_RIDE_S = 60.0
SHORTEST_RIDE_M = 200.0
MERGE_GAP_S = 240.0
"""A ride that goes on after at most this long, with the same mode, is one leg."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a trace, `start_t` to `end_t` in Unix seconds."""

    state: int
    start_t: float
    end_t: float

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return self.end_t - self.start_t


def segment(moves: Motion, start_t: float) -> list[Segment]:
    """Cut the motion of a whole trace.

    Args:
        moves: The trace resampled; its grid begins at `start_t`.
        start_t: Unix second of the first step.
    """
    if not len(moves.speed_mps):
        return []
    states = _viterbi(_log_likelihood(moves))
    edges = np.flatnonzero(np.diff(states)) + 1
    bounds = np.concatenate(([0], edges, [len(states)]))
    found = [
        Segment(int(states[first]), start_t + first * moves.step_s, start_t + last * moves.step_s)
        for first, last in pairwise(bounds)
    ]
    travelled = np.concatenate(([0.0], np.cumsum(moves.speed_mps * moves.step_s)))
    return _drop_short(found, start_t, moves.step_s, travelled)


def _log_likelihood(moves: Motion) -> FloatArray:
    """Return log densities of each step's speed in each state.

    Standing: exponential with mean 0.25 m/s of jitter. On foot: normal around 1.35 m/s with a
    fifth of pauses. Riding: a fifth of halts, the rest a broad gamma with mode near 6 m/s.
    """
    v = moves.speed_mps
    still = np.exp(-v / 0.25) / 0.25 + 1e-6
    pause = np.exp(-v / 0.4) / 0.4
    stride = np.exp(-((v - 1.35) ** 2) / (2 * 0.5**2)) / (0.5 * 2.5066)
    foot = 0.8 * stride + 0.2 * pause + 1e-7
    ride = 0.15 * pause + 0.85 * _gamma(v)
    density = np.stack([still, foot, ride], axis=1)
    logs: FloatArray = np.log(density) * (moves.step_s / FINE_STEP_S) ** 0.5
    # A step in a gap says little: how far the phone got in it, nothing of how.
    logs[~moves.known] *= 0.2
    return logs


def _gamma(v: FloatArray) -> FloatArray:
    """Return a gamma density of shape 1.8 and scale 6 m/s, with a floor for fast trains."""
    scaled = np.maximum(v, 1e-3) / 6.0
    density: FloatArray = scaled**0.8 * np.exp(-scaled) / (6.0 * 0.9314) + 1e-4
    return density


def _viterbi(logs: FloatArray) -> IntArray:
    score = logs[0].copy()
    back = np.zeros(logs.shape, dtype=np.int64)
    for step in range(1, len(logs)):
        options = score[:, None] - SWITCH_COST
        best = options.argmax(axis=0)
        back[step] = best
        score = options[best, (0, 1, 2)] + logs[step]
    states = np.zeros(len(logs), dtype=np.int64)
    states[-1] = int(score.argmax())
    for step in range(len(logs) - 1, 0, -1):
        states[step - 1] = back[step, states[step]]
    return states


def _drop_short(
    found: list[Segment], start_t: float, step_s: float, travelled: FloatArray
) -> list[Segment]:
    """Turn walks and rides that are too short to tell into standing."""

    def length_m(part: Segment) -> float:
        first, last = (round((t - start_t) / step_s) for t in (part.start_t, part.end_t))
        return float(travelled[last] - travelled[first])

    kept: list[Segment] = []
    for part in found:
        is_short = (part.state == FOOT and part.duration_s < SHORTEST_WALK_S) or (
            part.state == RIDE
            and (part.duration_s < SHORTEST_RIDE_S or length_m(part) < SHORTEST_RIDE_M)
        )
        state = STILL if is_short else part.state
        if kept and kept[-1].state == state == STILL:
            kept[-1] = Segment(STILL, kept[-1].start_t, part.end_t)
        else:
            kept.append(Segment(state, part.start_t, part.end_t))
    return kept
