"""A witness against altered movements: vehicles slowed to a walk or a bike, lines played. Pure.

It reads the features of a leg as the mode model does, and was trained on genuine walks and rides
and on forgeries of other trips (`scripts/mobility/train_altered.py`, docs/mobility-model.md).
"""

from functools import lru_cache
from pathlib import Path

from backend.mobility.pipeline.model import ModeModel, load_model
from backend.mobility.trace import FloatArray

MODEL_PATH = Path(__file__).with_name("altered_model.npz")


def altered_share(features: FloatArray, witness: ModeModel | None = None) -> float:
    """Return how much a leg that poses as a walk or a ride looks altered, from 0 to 1.

    Args:
        features: Of one leg, named by `FEATURE_NAMES`.
        witness: A model of the kinds genuine and altered; the one that ships when left out.
    """
    model = witness or _model()
    return float(model.raw_probabilities(features)[model.modes.index("altered")])


@lru_cache(maxsize=1)
def _model() -> ModeModel:
    return load_model(MODEL_PATH)
