"""Train the mode model from a folder of labelled traces and from simulated legs.

Usage: python -m scripts.mobility.train DIR [--out FILE] [--report FILE]

DIR holds JSON files with `points`, `legs` and `group` (docs/mobility-model.md). Prints how the
model does on groups and on routes that it has not seen; the same numbers go to the report.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GroupKFold

from backend.mobility.evaluation import (
    LabelledLeg,
    confusion,
    expected_calibration_error,
    group_weights,
    macro_f1,
    read_labelled,
)
from backend.mobility.pipeline.calibration import calibrate
from backend.mobility.pipeline.cleaning import clean
from backend.mobility.pipeline.features import FEATURE_NAMES, leg_features
from backend.mobility.pipeline.model import (
    MODEL_PATH,
    VEHICLES,
    save_model,
)
from backend.mobility.pipeline.vehicles import VehicleNets
from backend.mobility.trace import FloatArray, IntArray
from scripts.mobility.augment import FEWEST_FIXES, SHORTEST_S, variants
from scripts.mobility.forests import known, to_model
from scripts.mobility.nets import divided, fit_nets, fit_nets_temperature
from scripts.mobility.simulate import STYLES, simulate_leg

MODES = ("walk", "bike", "bus", "rail", "car")
SEED = 20260711
VARIANTS = 4
SIMULATED = 150
TREES, LEAVES_MAX = 60, 160
RESAMPLES = 1000
IS_VEHICLE = np.isin(MODES, VEHICLES)


@dataclass(frozen=True, slots=True)
class Samples:
    """Rows of features with their mode and what they must not be separated from."""

    x: FloatArray
    y: IntArray
    group: "np.typing.NDArray[np.str_]"

    def where(self, keep: "np.typing.NDArray[np.bool_]") -> "Samples":
        """Return some of the rows."""
        return Samples(self.x[keep], self.y[keep], self.group[keep])


def main() -> None:
    """Train, evaluate on what was left out, write the model and the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=MODEL_PATH)
    parser.add_argument("--report", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    legs = [leg for leg in read_labelled(options.folder) if is_long_enough(leg)]
    real, varied, origin = real_samples(legs, rng)
    simulated = simulated_samples(rng)
    groups = group_folds(real)
    # All walks and all sport files are one route each: leaving one out would prove nothing.
    names = ["walk" if leg.mode == "walk" else leg.route.partition("fit_")[0] for leg in legs]
    routes = np.unique(names, return_inverse=True)[1]
    by_group = out_of_fold(real, varied, origin, simulated, groups)
    by_route = out_of_fold(real, varied, origin, simulated, routes)
    temperature = fit_temperature(np.vstack([by_group, by_route]), np.tile(real.y, 2))
    forests = fit(real, varied, simulated)
    untouched = predict(forests[1:], real.x)
    nets = vehicle_nets(real, simulated, [calibrate(p, temperature) for p in (by_group, by_route)])

    def told(raw: FloatArray) -> dict[str, Any]:
        return summary(real, divided(calibrate(raw, temperature), nets, real.x, IS_VEHICLE))

    report = {
        "legs": len(legs),
        "groups": len(set(real.group)),
        "variants": len(varied.y),
        "simulated": len(simulated.y),
        "temperature": round(temperature, 3),
        "unseen groups": told(by_group),
        "unseen routes": told(by_route),
        "trained on simulation alone": told(untouched),
    }
    print(json.dumps(report, indent=1))
    if options.report:
        options.report.write_text(json.dumps(report, indent=1) + "\n")
    save_model(
        to_model(forests, temperature, version=f"forest-nets-{SEED}", modes=MODES, nets=nets),
        options.out,
    )


def is_long_enough(leg: LabelledLeg) -> bool:
    """Tell whether a leg is long enough to be judged, as the published baseline counts."""
    return leg.duration_s >= SHORTEST_S and len(leg.points) >= FEWEST_FIXES


def real_samples(
    legs: list[LabelledLeg], rng: np.random.Generator
) -> tuple[Samples, Samples, IntArray]:
    """Compute features of real legs and of their variants; the array names each one's leg."""
    real = Samples(
        np.array([leg_features(leg.points) for leg in legs]),
        np.array([MODES.index(leg.mode) for leg in legs]),
        np.array([leg.group for leg in legs]),
    )
    rows, origin = [], []
    for index, leg in enumerate(legs):
        for variant in variants(leg.points, VARIANTS, rng):
            rows.append(leg_features(variant))
            origin.append(index)
    of = np.array(origin)
    return real, Samples(np.array(rows), real.y[of], real.group[of]), of


def simulated_samples(rng: np.random.Generator) -> Samples:
    """Draw simulated legs of every style; each style is a group of its own."""
    rows, modes, kinds = [], [], []
    for style in STYLES:
        for _ in range(SIMULATED):
            leg = clean(simulate_leg(style, rng)).trace
            if len(leg) >= FEWEST_FIXES and leg.t[-1] - leg.t[0] >= SHORTEST_S:
                rows.append(leg_features(leg))
                modes.append(MODES.index(style.mode))
                kinds.append(f"{style.mode} {style.kind}")
    return Samples(np.array(rows), np.array(modes), np.array(kinds))


def group_folds(real: Samples) -> IntArray:
    """Number the folds so that phones of one trip never part."""
    folds = np.zeros(len(real.y), dtype=np.int64)
    for fold, (_, test) in enumerate(GroupKFold(8).split(real.x, real.y, real.group)):
        folds[test] = fold
    return folds


def out_of_fold(
    real: Samples, varied: Samples, origin: IntArray, simulated: Samples, folds: IntArray
) -> FloatArray:
    """Predict each real leg by a forest that saw neither it nor its fold."""
    raw = np.zeros((len(real.y), len(MODES)))
    for fold in np.unique(folds):
        test = folds == fold
        seen = ~test
        forests = fit(real.where(seen), varied.where(seen[origin]), simulated)
        raw[test] = predict(forests, real.x[test])
    return raw


def predict(forests: list[ExtraTreesClassifier], x: FloatArray) -> FloatArray:
    """Average the forests, as the stored model averages all their trees."""
    mean: FloatArray = np.mean([forest.predict_proba(known(x)) for forest in forests], axis=0)
    return mean


def fit(real: Samples, varied: Samples, simulated: Samples) -> list[ExtraTreesClassifier]:
    """Fit two forests of equal say: one on everything, one on simulated legs alone.

    The first knows what real phones do, but also the few real routes by heart; the second
    never saw a route. On routes left out the pair scores 0.10 above the first alone.
    """
    measured = Samples(
        np.vstack([real.x, varied.x]),
        np.concatenate([real.y, varied.y]),
        np.concatenate([real.group, varied.group]),
    )
    everything = Samples(
        np.vstack([measured.x, simulated.x]),
        np.concatenate([measured.y, simulated.y]),
        np.concatenate([measured.group, simulated.group]),
    )
    weight = np.concatenate([balanced(measured), balanced(simulated)])
    return [_forest(everything, weight), _forest(simulated, balanced(simulated))]


def _forest(samples: Samples, weight: FloatArray) -> ExtraTreesClassifier:
    forest = ExtraTreesClassifier(
        TREES,
        min_samples_leaf=3,
        max_leaf_nodes=LEAVES_MAX,
        max_features=0.3,
        random_state=SEED,
    )
    return forest.fit(known(samples.x), samples.y, sample_weight=weight)


def vehicle_nets(real: Samples, simulated: Samples, said: list[FloatArray]) -> VehicleNets:
    """Fit the networks on simulated vehicles, their temperature on what forests say unseen."""
    made, seen = IS_VEHICLE[simulated.y], IS_VEHICLE[real.y]
    nets = fit_nets(simulated.x[made], simulated.y[made], seed=SEED)
    own = [shares[seen][:, IS_VEHICLE] for shares in said]
    which = np.cumsum(IS_VEHICLE)[real.y[seen]] - 1
    return fit_nets_temperature(nets, own, real.x[seen], which, fit_temperature)


def balanced(samples: Samples) -> FloatArray:
    """Weigh rows so that modes count alike and a group of many phones not much more."""
    pairs = np.array([f"{g}|{m}" for g, m in zip(samples.group, samples.y, strict=True)])
    _, inverse, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    weight: FloatArray = 1 / np.sqrt(counts[inverse])
    for mode in range(len(MODES)):
        of_mode = samples.y == mode
        weight[of_mode] /= max(weight[of_mode].sum(), 1e-9)
    return weight * 1000


def fit_temperature(raw: FloatArray, y: IntArray) -> float:
    """Choose the temperature of least log loss on legs that the forest had not seen."""
    candidates = np.exp(np.linspace(np.log(0.2), np.log(3.0), 80))
    rows = np.arange(len(y))
    losses = [-np.log(calibrate(raw, float(c))[rows, y]).mean() for c in candidates]
    return float(candidates[int(np.argmin(losses))])


def summary(real: Samples, probability: FloatArray) -> dict[str, Any]:
    """Put the usual figures of out-of-fold predictions together."""
    said = probability.argmax(axis=1)
    table = confusion([MODES[i] for i in real.y], [MODES[i] for i in said], MODES)
    low, middle, high = weighed_by_group(real, said)
    motor = real.y >= 2  # noqa: PLR2004 - bus, rail and car follow walk and bike
    return {
        "macro_f1": round(macro_f1(table), 3),
        "macro_f1_weighed_by_group": round(middle, 3),
        "interval_95": [round(low, 3), round(high, 3)],
        "accuracy": round(float((said == real.y).mean()), 3),
        "expected_calibration_error": round(
            expected_calibration_error(probability.max(axis=1), said == real.y), 3
        ),
        "confusion": table.tolist(),
        "motor said bike at least": {
            str(limit): int((probability[motor, 1] >= limit).sum())
            for limit in (0.5, 0.7, 0.8, 0.9)
        },
        "bike kept at": {
            str(limit): int((probability[real.y == 1, 1] >= limit).sum())
            for limit in (0.5, 0.7, 0.8, 0.9)
        },
    }


def weighed_by_group(real: Samples, said: IntArray) -> tuple[float, float, float]:
    """Return macro-F1 with each trip counted once a mode, between the ends of its 95 % interval.

    The interval is the percentile bootstrap over trips (Efron, Annals of Statistics 7, 1979).
    """
    modes = [MODES[i] for i in real.y]
    weights = group_weights(list(real.group), modes)
    pairs = np.zeros((len(said), len(MODES), len(MODES)))
    pairs[np.arange(len(said)), real.y, said] = weights
    tables = np.array([pairs[real.group == group].sum(axis=0) for group in np.unique(real.group)])
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(len(tables), size=(RESAMPLES, len(tables)))
    low, high = np.quantile([macro_f1(tables[row].sum(axis=0)) for row in drawn], (0.025, 0.975))
    return float(low), macro_f1(tables.sum(axis=0)), float(high)


if __name__ == "__main__":
    if len(FEATURE_NAMES) > 127:  # noqa: PLR2004 - the file stores feature numbers as int8
        raise SystemExit("too many features for the file format")
    main()
