"""Train the witness that tells genuine walks and rides from slowed vehicles and played lines.

Usage: python -m scripts.mobility.train_altered DIR [--out FILE] [--report FILE]

Reads the same features as the mode model (docs/mobility-model.md). Prints how many genuine legs
pass and how many forgeries do, by forests that had seen neither their trip nor a forgery of it.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GroupKFold

from backend.mobility.evaluation import LabelledLeg, LabelledTrace, read_labelled
from backend.mobility.fraud.altered import MODEL_PATH
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.features import leg_features
from backend.mobility.pipeline.model import ModeModel, save_model
from backend.mobility.trace import FloatArray, IntArray, Trace
from scripts.mobility.alter import slowed, steady
from scripts.mobility.augment import FEWEST_FIXES, SHORTEST_S, variants
from scripts.mobility.forests import known, to_model
from scripts.mobility.simulate import STYLES, simulate_leg
from scripts.mobility.train import is_long_enough

SEED = 20261126
KINDS = ("genuine", "altered")
SIMULATION = "simulated"
TREES, LEAVES_MAX, FOLDS = 120, 200, 8
SLOWED_EACH, STEADY_EACH, VARIANTS = 6, 3, 3
SIMULATED = 100
FORGERIES = ("slowed", "steady")
Row = tuple[FloatArray, str, str]
"""Features, kind of movement, group that it must not be separated from."""
Kinds = npt.NDArray[np.str_]
Witnesses = dict[str, ModeModel]
"""For each trip a witness that has seen neither it nor a forgery of it."""


def main() -> None:
    """Train, evaluate on trips left out, write the model and the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    legs = [leg for leg in read_labelled(options.folder) if is_long_enough(leg)]
    rows = [*real_rows(legs, rng), *simulated_rows(rng)]
    x, kinds, groups = columns(rows)
    altered = unseen(x, kinds, groups)
    report = {"rows": len(rows), "unseen trips": summary(altered, kinds)}
    print(json.dumps(report, indent=1))
    if options.report:
        options.report.write_text(json.dumps(report, indent=1) + "\n")
    save_model(_as_model(fit(x, kinds)), options.out)


def real_rows(legs: list[LabelledLeg], rng: np.random.Generator) -> Iterator[Row]:
    """Describe real walks and rides, variants of them, and forgeries of every real leg."""
    for leg in legs:
        if leg.mode in ("walk", "bike"):
            yield leg_features(leg.points), f"real {leg.mode}", leg.group
            for varied in variants(leg.points, VARIANTS, rng):
                yield leg_features(varied), f"varied {leg.mode}", leg.group
            made = [(steady(leg.points, rng), "steady") for _ in range(STEADY_EACH)]
        else:
            made = [(slowed(leg.points, rng), "slowed") for _ in range(SLOWED_EACH)]
        for forged, kind in made:
            if is_usable(forged):
                yield leg_features(forged), kind, leg.group


def simulated_rows(rng: np.random.Generator) -> Iterator[Row]:
    """Describe simulated walks and rides, and forgeries of simulated legs."""
    for style in STYLES:
        for _ in range(SIMULATED):
            leg = clean(simulate_leg(style, rng)).trace
            if not is_usable(leg):
                continue
            is_own = style.mode in ("walk", "bike")
            if is_own:
                yield leg_features(leg), f"simulated {style.mode}", SIMULATION
            forged = (steady if is_own else slowed)(leg, rng)
            if is_usable(forged):
                kind = f"simulated {'steady' if is_own else 'slowed'}"
                yield leg_features(forged), kind, SIMULATION


def is_usable(trace: Trace) -> bool:
    """Tell whether a trace is long enough to be told apart at all."""
    return len(trace) >= FEWEST_FIXES and float(trace.t[-1] - trace.t[0]) >= SHORTEST_S


def columns(rows: list[Row]) -> tuple[FloatArray, Kinds, list[str]]:
    """Split rows into a table of features, kinds and groups."""
    return (
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        [r[2] for r in rows],
    )


def unseen(x: FloatArray, kinds: Kinds, groups: list[str]) -> FloatArray:
    """Return how altered each real row looks to a forest that had not seen its trip."""
    share = np.full(len(x), np.nan)
    for seen, left_out in folds(groups):
        forest = fit(x[seen], kinds[seen])
        share[left_out] = forest.predict_proba(known(x[left_out]))[:, 1]
    return share


def unseen_witnesses(traces: list[LabelledTrace]) -> Witnesses:
    """Fit a witness for each trip without that trip; trips of one fold share theirs."""
    rng = np.random.default_rng(SEED)
    legs = [leg for one in traces for leg in one.legs if is_long_enough(leg)]
    x, kinds, groups = columns([*real_rows(legs, rng), *simulated_rows(rng)])
    witnesses: Witnesses = {}
    for seen, left_out in folds(groups):
        model = _as_model(fit(x[seen], kinds[seen]))
        witnesses.update({groups[row]: model for row in left_out})
    return witnesses


def folds(groups: list[str]) -> Iterator[tuple[IntArray, IntArray]]:
    """Split the rows by trip; simulated ones are always among the first of each pair."""
    of = np.array(groups)
    own, simulated = np.flatnonzero(of != SIMULATION), np.flatnonzero(of == SIMULATION)
    for seen, left_out in GroupKFold(FOLDS).split(own, None, of[own]):
        yield np.concatenate([own[seen], simulated]), own[left_out]


def fit(x: FloatArray, kinds: Kinds) -> ExtraTreesClassifier:
    """Fit a forest: genuine and altered count alike, kinds by the root of their size."""
    altered = np.array([kind.rpartition(" ")[2] in FORGERIES for kind in kinds])
    _, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[inverse])
    for side in (altered, ~altered):
        weight[side] *= 1000 / weight[side].sum()
    forest = ExtraTreesClassifier(
        TREES, min_samples_leaf=2, max_leaf_nodes=LEAVES_MAX, max_features=0.3, random_state=SEED
    )
    return forest.fit(known(x), altered.astype(int), sample_weight=weight)


def summary(altered: FloatArray, kinds: Kinds) -> dict[str, Any]:
    """Tell the share of each kind that passes at several limits."""
    limits = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
    real = [kind for kind in sorted(set(kinds)) if not kind.startswith("simulated")]
    return {
        kind: {
            "legs": int((kinds == kind).sum()),
            **{
                str(limit): round(float((altered[kinds == kind] <= limit).mean()), 3)
                for limit in limits
            },
        }
        for kind in real
    }


def _as_model(forest: ExtraTreesClassifier) -> ModeModel:
    return to_model([forest], 1.0, version=f"altered-{SEED}", modes=KINDS)


if __name__ == "__main__":
    main()
