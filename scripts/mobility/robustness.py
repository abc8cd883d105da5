"""Judge labelled legs again as worse phones would have recorded them.

Usage: python -m scripts.mobility.robustness DIR

Prints the table of docs/mobility-model.md. The stored model has seen legs of the folder that it
was trained on, so there only the differences between the rows say something.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from backend.mobility.evaluation import (
    MODES,
    LabelledLeg,
    confusion,
    macro_f1,
    read_labelled,
)
from backend.mobility.pipeline.legs import leg_of
from backend.mobility.pipeline.model import VEHICLES, default_model
from backend.mobility.rules import proved
from backend.mobility.scorecard import coarse
from backend.mobility.trace import Trace
from scripts.mobility.augment import FEWEST_FIXES, SHORTEST_S, thin, with_noise

SEED = 20261126
Recording = Callable[[Trace, np.random.Generator], Trace]


def recordings() -> dict[str, Recording]:
    """Return what a phone may do to a leg, by name."""
    worse: dict[str, Recording] = {
        "as recorded": lambda leg, _: leg,
        "without accuracy, speed and altitude": _bare,
    }
    for every_s in (5, 10, 20, 30):
        worse[f"a fix every {every_s} s"] = lambda leg, _, s=every_s: thin(leg, s)  # type: ignore[misc]  # bound now
    for size_m in (5, 10):
        worse[f"{size_m} m of noise added"] = lambda leg, rng, s=size_m: with_noise(leg, s, rng)  # type: ignore[misc]  # bound now
    worse["whole seconds"] = lambda leg, _: thin(replace(leg, t=np.floor(leg.t)), 1)
    worse["a third of the fixes lost"] = lambda leg, rng: leg.take(rng.random(len(leg)) > 1 / 3)
    return worse


def row(legs: Sequence[LabelledLeg], record: Recording) -> tuple[int, float, float, int, int]:
    """Return legs, macro-F1, share right of walk, bike or motor, legs paid, motor legs paid."""
    rng = np.random.default_rng(SEED)
    true, said, paid = [], [], []
    for leg in legs:
        points = record(leg.points, rng)
        if len(points) < FEWEST_FIXES or points.t[-1] - points.t[0] < SHORTEST_S:
            continue
        judged = leg_of(points, default_model())
        true.append(leg.mode)
        said.append(judged.mode)
        paid.append(proved([judged])[0])
    right = [coarse(one) == coarse(other) for one, other in zip(true, said, strict=True)]
    motor_paid = sum(paid for mode, paid in zip(true, paid, strict=True) if mode in VEHICLES)
    table = confusion(true, said, MODES)
    return len(true), macro_f1(table), float(np.mean(right)), sum(paid), motor_paid


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    legs = [leg for leg in read_labelled(parser.parse_args().folder) if leg.is_judged()]
    print("| recording | legs | macro-F1 | walk, bike or motor right | paid | motor legs paid |")
    print("|---|---|---|---|---|---|")
    for name, record in recordings().items():
        count, f1, right, paid, motor_paid = row(legs, record)
        print(f"| {name} | {count} | {f1:.3f} | {right:.3f} | {paid} | {motor_paid} |")


def _bare(leg: Trace, _rng: np.random.Generator) -> Trace:
    nothing = np.full(len(leg), np.nan)
    return replace(leg, accuracy_m=nothing, speed_mps=nothing, altitude_m=nothing)


if __name__ == "__main__":
    main()
