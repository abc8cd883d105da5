"""From fitted forests of scikit-learn to the plain arrays that are stored and read without it."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from backend.mobility.pipeline.model import UNKNOWN, ModeModel
from backend.mobility.pipeline.vehicles import VehicleNets
from backend.mobility.trace import FloatArray


def known(x: FloatArray) -> FloatArray:
    """Replace NaN by the value that stands for it in the forest."""
    filled: FloatArray = np.where(np.isnan(x), UNKNOWN, x)
    return filled


def to_model(
    forests: list[ExtraTreesClassifier],
    temperature: float,
    *,
    version: str,
    modes: tuple[str, ...],
    nets: VehicleNets | None = None,
) -> ModeModel:
    """Lay the trees of fitted forests end to end."""
    trees = [estimator.tree_ for forest in forests for estimator in forest.estimators_]
    starts = np.cumsum([0] + [tree.node_count for tree in trees])[:-1]
    shares = [tree.value[:, 0, :] for tree in trees]
    return ModeModel(
        version=version,
        modes=modes,
        temperature=temperature,
        roots=starts.astype(np.int64),
        feature=np.concatenate([np.maximum(tree.feature, -1) for tree in trees]),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float32),
        left=np.concatenate([t.children_left + s for t, s in zip(trees, starts, strict=True)]),
        right=np.concatenate([t.children_right + s for t, s in zip(trees, starts, strict=True)]),
        leaves=np.concatenate([s / s.sum(axis=1, keepdims=True) for s in shares]),
        nets=nets,
    )
