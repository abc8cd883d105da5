"""What a simulation gives: amounts per act, in columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Amounts of simulated acts, row by row.

    Args:
        paid_units: What each act earns after caps and budgets, top-ups included.
        before_caps_units: What the base tariff gave.
        rule: Position of the base rule in the edition; -1 when the act is refused.
        top_up_units: The part of `paid_units` that communes add.
    """

    paid_units: npt.NDArray[np.int64]
    before_caps_units: npt.NDArray[np.int64]
    rule: npt.NDArray[np.int32]
    top_up_units: npt.NDArray[np.int64]
