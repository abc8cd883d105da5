"""Figures of merit against labelled traces: confusion, F1, calibration, intervals.

Labelled files are those of `parsing.compact` with `group` and `legs` beside the points; each
leg has `start_t`, `end_t` and `mode`. What counts as what is in `MODE_OF_LABEL`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backend.mobility.parsing.compact import read_compact
from backend.mobility.parsing.json_text import load_object
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.trace import BoolArray, FloatArray, IntArray, Trace

MODES = ("walk", "bike", "bus", "rail", "car")
MODE_OF_LABEL = {
    "walk": "walk",
    "run": "walk",
    "bike": "bike",
    "scooter": "bike",
    "bus": "bus",
    "tram": "rail",
    "metro": "rail",
    "train": "rail",
    "rail": "rail",
    "car": "car",
}
"""Runs count as walks and kick scooters as bikes, as in the published baseline."""
LEG_MIN_S = 120.0
LEG_MIN_FIXES = 10
"""Shorter legs are not judged. Source: the baseline of the labelled traces."""


@dataclass(frozen=True, slots=True)
class LabelledLeg:
    """One leg whose mode a person has told.

    Attributes:
        trace_id: Name of the trace that it is part of.
        group: The same trip on several phones; never to be split between train and test.
        route: What the label says about the way; equal for the same way on other days.
        mode: One of `MODES`.
        start_t: Unix seconds.
        end_t: Unix seconds.
        points: Clean points of the leg.
    """

    trace_id: str
    group: str
    route: str
    mode: str
    start_t: float
    end_t: float
    points: Trace

    @property
    def duration_s(self) -> float:
        """Length of the leg by its labels."""
        return self.end_t - self.start_t

    def is_judged(self) -> bool:
        """Tell whether the leg is long enough to say anything about it."""
        return self.duration_s >= LEG_MIN_S and len(self.points) >= LEG_MIN_FIXES


@dataclass(frozen=True, slots=True)
class LabelledTrace:
    """One file: the raw trace and its legs."""

    trace: Trace
    group: str
    legs: tuple[LabelledLeg, ...]


def read_traces(folder: Path) -> Iterator[LabelledTrace]:
    """Read every labelled file of a folder, in order of name.

    Raises:
        TraceInvalidError: A file is no trace within bounds.
    """
    for path in sorted(folder.glob("*.json")):
        value = load_object(path.read_bytes())
        trace = read_compact(value, now_t=None, name=path.stem)
        group = str(value.get("group", path.stem))
        points = clean(trace).trace
        legs = tuple(
            LabelledLeg(
                trace.id,
                group,
                f"{leg.get('raw', leg['mode'])}" + (group if group.startswith("fit_") else ""),
                MODE_OF_LABEL[leg["mode"]],
                float(leg["start_t"]),
                float(leg["end_t"]),
                points.between(leg["start_t"], leg["end_t"]),
            )
            for leg in value.get("legs", [])
            if leg["mode"] in MODE_OF_LABEL
        )
        yield LabelledTrace(trace, group, legs)


def read_labelled(folder: Path) -> list[LabelledLeg]:
    """Return all labelled legs that move, of every file of a folder."""
    return [leg for labelled in read_traces(folder) for leg in labelled.legs]


def confusion(
    true: Sequence[str],
    said: Sequence[str],
    modes: Sequence[str],
    weights: FloatArray | None = None,
) -> FloatArray:
    """Count pairs: one row per true mode, one column per said mode."""
    table = np.zeros((len(modes), len(modes)))
    shares = np.ones(len(true)) if weights is None else weights
    for one, other, share in zip(true, said, shares, strict=True):
        table[modes.index(one), modes.index(other)] += share
    return table


def macro_f1(table: FloatArray) -> float:
    """Return the mean F1 over the modes that occur, from a confusion table."""
    hits = np.diag(table)
    both = table.sum(axis=0) + table.sum(axis=1)
    occurs = table.sum(axis=1) > 0
    return float((2 * hits[occurs] / np.maximum(both[occurs], 1e-12)).mean())


def group_weights(groups: Sequence[str], modes: Sequence[str]) -> FloatArray:
    """Weigh legs so that one trip counts once for a mode, however many phones recorded it."""
    pairs = np.array([f"{group}|{mode}" for group, mode in zip(groups, modes, strict=True)])
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    weights: FloatArray = 1.0 / counts[inverse]
    return weights


def calibration_table(
    probability: FloatArray, correct: BoolArray, bins: int = 10
) -> list[tuple[float, float, int, float, float]]:
    """Return (from, to, count, mean probability, share correct) of each bin that is not empty."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    index: IntArray = np.clip(np.digitize(probability, edges) - 1, 0, bins - 1)
    rows = []
    for number in range(bins):
        inside = index == number
        if inside.any():
            mean, share = float(probability[inside].mean()), float(correct[inside].mean())
            rows.append(
                (float(edges[number]), float(edges[number + 1]), int(inside.sum()), mean, share)
            )
    return rows


def expected_calibration_error(probability: FloatArray, correct: BoolArray) -> float:
    """Return the mean gap between probability and share correct, weighed by bin."""
    rows = calibration_table(probability, correct)
    total = max(sum(count for _, _, count, _, _ in rows), 1)
    return sum(count * abs(mean - share) for _, _, count, mean, share in rows) / total


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share. Source: Wilson, JASA 22 (1927), 209-212."""
    if total == 0:
        return 0.0, 1.0
    z = 1.959964
    share = hits / total
    middle = share + z * z / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return float((middle - spread) / scale), float((middle + spread) / scale)
