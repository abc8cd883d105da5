"""Small networks that tell vehicles apart: bus, rail and car. Pure.

A forest cuts features into boxes and knows the roads that it was fitted on; on a road that it
never saw, smooth functions go on more sensibly (docs/mobility-model.md has the figures).
"""

from dataclasses import dataclass

import numpy as np

from backend.mobility.pipeline.calibration import calibrate
from backend.mobility.trace import BoolArray, FloatArray

CLIP = 3.0
"""Spreads from the middle beyond which a feature says no more."""
WEIGHT = 0.5
"""Say of the networks; the forest has the rest."""


@dataclass(frozen=True, slots=True)
class VehicleNets:
    """Networks of one hidden layer with equal say, over the same scaled features.

    Attributes:
        middle: Median of each feature, shape (features,).
        spread: What counts as one step away from it, shape (features,).
        hidden: Weights of the hidden layers, shape (networks, features, units).
        hidden_bias: Shape (networks, units).
        out: Weights of the answers, shape (networks, units, vehicles).
        out_bias: Shape (networks, vehicles).
        temperature: Calibrates which vehicle it is, once it is one.
    """

    middle: FloatArray
    spread: FloatArray
    hidden: FloatArray
    hidden_bias: FloatArray
    out: FloatArray
    out_bias: FloatArray
    temperature: float = 1.0

    def shares(self, features: FloatArray) -> FloatArray:
        """Return the mean probability of each vehicle for one leg that is a vehicle's."""
        x = scaled(features, self.middle, self.spread)
        active = np.maximum(np.einsum("f,nfu->nu", x, self.hidden) + self.hidden_bias, 0.0)
        said = np.einsum("nu,nuv->nv", active, self.out) + self.out_bias
        odds = np.exp(said - said.max(axis=1, keepdims=True))
        mean: FloatArray = (odds / odds.sum(axis=1, keepdims=True)).mean(axis=0)
        return mean

    def share_out(self, shares: FloatArray, is_vehicle: BoolArray, x: FloatArray) -> FloatArray:
        """Divide what a leg has for vehicles anew; walk and bike keep what they have.

        Args:
            shares: Probability of each mode, shape (modes,).
            is_vehicle: Which modes are vehicles in the order of the answers, shape (modes,).
            x: Features of the leg, shape (features,).
        """
        divided = shares.copy()
        total = shares[is_vehicle].sum()
        mixed = self.mixed(shares[is_vehicle] / total, x)
        divided[is_vehicle] = total * calibrate(mixed[None, :], self.temperature)[0]
        return divided

    def mixed(self, own: FloatArray, x: FloatArray) -> FloatArray:
        """Mix what a forest says of vehicles with what the networks say, before calibration."""
        return (1 - WEIGHT) * own + WEIGHT * self.shares(x)


def scaled(features: FloatArray, middle: FloatArray, spread: FloatArray) -> FloatArray:
    """Put features on one scale; what is unknown is in the middle, what is far out is cut off."""
    return np.nan_to_num(np.clip((features - middle) / spread, -CLIP, CLIP))
