"""Fit the networks that tell vehicles apart (docs/mobility-model.md)."""

import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from backend.mobility.pipeline.vehicles import VehicleNets, scaled
from backend.mobility.trace import BoolArray, FloatArray, IntArray

NETS, UNITS, DECAY, EPOCHS = 5, 32, 3.0, 60
SPREADS = 2.56
"""80 % of a normal distribution lie within so many standard deviations."""


def fit_nets(x: FloatArray, vehicles: IntArray, *, seed: int) -> VehicleNets:
    """Fit networks on simulated legs alone; the answers are in the order of `vehicles`.

    With real legs among them they learn the few routes: better on trips left out, worse on
    routes left out.
    """
    low, middle, high = np.nanquantile(x, (0.1, 0.5, 0.9), axis=0)
    spread = np.maximum((high - low) / SPREADS, 1e-9)
    nets = [
        MLPClassifier((UNITS,), alpha=DECAY, max_iter=EPOCHS, random_state=seed + number)
        for number in range(NETS)
    ]
    with warnings.catch_warnings():
        # Stopping early is meant: it keeps the networks smooth.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for net in nets:
            net.fit(scaled(x, middle, spread), vehicles)
    return VehicleNets(
        middle,
        spread,
        hidden=np.array([net.coefs_[0] for net in nets]),
        hidden_bias=np.array([net.intercepts_[0] for net in nets]),
        out=np.array([net.coefs_[1] for net in nets]),
        out_bias=np.array([net.intercepts_[1] for net in nets]),
    )


def fit_nets_temperature(
    nets: VehicleNets,
    said: list[FloatArray],
    x: FloatArray,
    which: IntArray,
    fit_temperature: Callable[[FloatArray, IntArray], float],
) -> VehicleNets:
    """Calibrate on real vehicles.

    Args:
        nets: Not calibrated yet.
        said: What forests that had not seen the legs say, each of shape (legs, vehicles).
        x: Features of the legs.
        which: Number of the vehicle that each leg is.
        fit_temperature: Finds the temperature of least log loss.
    """
    own = [shares / shares.sum(axis=1, keepdims=True) for shares in said]
    mixed = [nets.mixed(row, leg) for shares in own for row, leg in zip(shares, x, strict=True)]
    temperature = fit_temperature(np.array(mixed), np.tile(which, len(said)))
    return replace(nets, temperature=temperature)


def divided(
    shares: FloatArray, nets: VehicleNets, x: FloatArray, is_vehicle: BoolArray
) -> FloatArray:
    """Let the networks say which vehicle each leg is, as the stored model does."""
    pairs = zip(shares, x, strict=True)
    return np.array([nets.share_out(row, is_vehicle, leg) for row, leg in pairs])
