"""Temperature scaling of probabilities. Pure."""

import numpy as np

from backend.mobility.trace import FloatArray


def calibrate(raw: FloatArray, temperature: float) -> FloatArray:
    """Sharpen or flatten rows of probabilities by one temperature.

    Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
    """
    powered = np.power(np.clip(raw, 1e-4, 1.0), 1.0 / temperature)
    scaled: FloatArray = powered / powered.sum(axis=1, keepdims=True)
    return scaled
