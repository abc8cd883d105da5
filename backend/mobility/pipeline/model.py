"""The trained mode model: a forest and networks of plain numbers, read without pickle or sklearn.

`scripts/mobility/train.py` writes the file, docs/mobility-model.md is its data card.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.mobility.pipeline.calibration import calibrate
from backend.mobility.pipeline.features import FEATURE_NAMES
from backend.mobility.pipeline.vehicles import VehicleNets
from backend.mobility.trace import FloatArray, IntArray

MODEL_PATH = Path(__file__).with_name("mode_model.npz")
UNKNOWN = -1.0
"""Stands for NaN in the forest; no feature is negative where it is known."""
VEHICLES = ("bus", "rail", "car")
_NETS = tuple(field.name for field in fields(VehicleNets))


@dataclass(frozen=True, slots=True)
class ModeModel:
    """A forest whose leaves hold probabilities, and the temperature that calibrates them.

    Attributes:
        version: Name of the training, kept with every verdict.
        modes: Names of the classes, in the order of `leaves`.
        temperature: Exponent divisor fitted on legs that the forest had not seen.
        roots: First node of each tree.
        feature: Feature asked at each node; -1 at a leaf.
        threshold: Go left when the feature is at most this.
        left: Node to the left; the right one is `right`.
        right: Node to the right.
        leaves: Probability of each mode at each node (only read at leaves).
        nets: Tell vehicles apart; a model of other classes has none.
    """

    version: str
    modes: tuple[str, ...]
    temperature: float
    roots: IntArray
    feature: IntArray
    threshold: npt.NDArray[np.float32]
    left: IntArray
    right: IntArray
    leaves: FloatArray
    nets: VehicleNets | None = None

    def raw_probabilities(self, features: FloatArray) -> FloatArray:
        """Average the leaves that one leg reaches, before calibration."""
        known = np.where(np.isnan(features), UNKNOWN, features).astype(np.float32)
        node = self.roots
        while True:
            asked = self.feature[node]
            inner = asked >= 0
            if not inner.any():
                mean: FloatArray = self.leaves[node].mean(axis=0)
                return mean
            goes_left = known[np.maximum(asked, 0)] <= self.threshold[node]
            following = np.where(goes_left, self.left[node], self.right[node])
            node = np.where(inner, following, node)

    def probabilities(self, features: FloatArray) -> dict[str, float]:
        """Return a calibrated probability for each mode; they add up to one."""
        shares = calibrate(self.raw_probabilities(features)[None, :], self.temperature)[0]
        if self.nets is not None:
            shares = self.nets.share_out(shares, np.isin(self.modes, VEHICLES), features)
        return dict(zip(self.modes, (float(share) for share in shares), strict=True))


def save_model(model: ModeModel, path: Path) -> None:
    """Write a model as an archive of arrays and one JSON text."""
    about = {
        "version": model.version,
        "modes": list(model.modes),
        "temperature": model.temperature,
        "features": list(FEATURE_NAMES),
    }
    arrays: dict[str, Any] = {
        "about": np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8),
        "roots": model.roots.astype(np.int32),
        "feature": model.feature.astype(np.int8),
        "threshold": model.threshold.astype(np.float32),
        "left": model.left.astype(np.int32),
        "right": model.right.astype(np.int32),
        "leaves": np.round(model.leaves * 255).astype(np.uint8),
    }
    if model.nets is not None:
        arrays |= {name: np.float32(value) for name, value in asdict(model.nets).items()}
    np.savez_compressed(path, **arrays)


def load_model(path: Path = MODEL_PATH) -> ModeModel:
    """Read a model that `save_model` wrote.

    Raises:
        ValueError: It was trained on other features than this code computes.
    """
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(stored["about"].tobytes())
        if tuple(about["features"]) != FEATURE_NAMES:
            raise ValueError(f"{path.name} was trained on other features: train it again")
        leaves = stored["leaves"].astype(np.float64)
        return ModeModel(
            version=about["version"],
            modes=tuple(about["modes"]),
            temperature=float(about["temperature"]),
            roots=stored["roots"].astype(np.int64),
            feature=stored["feature"].astype(np.int64),
            threshold=stored["threshold"],
            left=stored["left"].astype(np.int64),
            right=stored["right"].astype(np.int64),
            leaves=leaves / np.maximum(leaves.sum(axis=1, keepdims=True), 1.0),
            nets=_nets(stored),
        )


def _nets(stored: Mapping[str, FloatArray]) -> VehicleNets | None:
    if _NETS[0] not in stored:
        return None
    arrays = {name: stored[name].astype(np.float64) for name in _NETS if name != "temperature"}
    return VehicleNets(**arrays, temperature=float(stored["temperature"]))


@lru_cache(maxsize=1)
def default_model() -> ModeModel:
    """Return the model that ships with the code, read once per process."""
    return load_model()
