"""What a trace alone may prove: probability, envelope of speed, coverage. Pure."""

from collections.abc import Sequence

from backend.mobility.fraud.altered import altered_share
from backend.mobility.pipeline.features import FEATURE_NAMES
from backend.mobility.pipeline.legs import Leg
from backend.mobility.pipeline.model import ModeModel

PROVABLE = ("walk", "bike")
"""Modes that nobody but the traveller can witness. Bus, rail and carpool have operators,
validations or a second phone; their traces corroborate, they do not prove."""
PROBABILITY_MIN = {"walk": 0.8, "bike": 0.90}
"""Calibrated on legs of unseen groups and routes; at these values no motor leg passed as bike
(docs/mobility-model.md)."""
INTERVAL_MAX_S = 10.0
RARE_INTERVAL_MAX_S = 35.0
"""Our page records every second or two, as watches do; phones that save power every 15 to 33 s.
Rarer fixes prove nothing."""
RARE_FIXES_MIN, RARE_DISTANCE_MIN_M, RARE_DURATION_MIN_S = 15, 600.0, 420.0
"""Where fixes are over ten seconds apart, a short bus ride looks like a bike (the longest of those
that did lasted 291 s) and a tram that mostly stands like a walk (360 m in 459 s)."""
ALTERED_MAX, ALTERED_TRIP_MAX = 0.5, 0.45
RARE_ALTERED_MAX, RARE_ALTERED_TRIP_MAX = 0.4, 0.3
"""How altered a leg, and all walks and rides of its trip by time, may look (`fraud.altered`). By
witnesses that had not seen the trip, these values let 0.4 % of the lines played at one speed and
3.5 % of the slowed vehicles through, and keep 85 % of the honest metres (docs/mobility.md)."""
FIXES_MIN = {"walk": 8, "bike": 20}
DISTANCE_MIN_M = 200.0
DURATION_MIN_S = 120.0
GAP_SHARE_MAX = 0.35
"""A tunnel of a third of the way could hold a metro."""
SPEED_MAX_MPS = {"walk": 5.0, "bike": 14.0}
"""Of the fastest 3 % of half minutes. A marathon record is run at 5.9 m/s on average, a
Tour de France stage at 12."""
RARE_WALK_MAX_MPS = 2.5
"""A walker, not a runner: a tram and a bus that crawled out of a stop after a walk reached 3.0
and 3.7 with it."""
BIKE_GAIN_MIN = 0.08
"""m/s² that the liveliest tenth of ten-second changes must reach. A vehicle whose recording was
slowed to the pace of a bike starts and brakes like nobody on one: at twice the time a quarter
is left. 95 % of the proved bike legs reach 0.10, half of the slowed vehicles stay below 0.06."""
_GAIN = FEATURE_NAMES.index("gain_q90@10")
_FAST = FEATURE_NAMES.index("speed_q97@30")


def proved(legs: Sequence[Leg], witness: ModeModel | None = None) -> list[bool]:
    """Tell for each leg of a trip whether it counts at P1 on the word of its trace alone.

    Args:
        witness: Of altered movements; the one that ships with the code when left out.
    """
    own = [leg for leg in legs if leg.mode in PROVABLE]
    if not any(is_within_bounds(leg) for leg in own):
        return [False] * len(legs)
    shares = {id(leg): altered_share(leg.features, witness) for leg in own}
    seconds = sum(leg.end_t - leg.start_t for leg in own)
    # A slowed ride falls into pieces, some of which look like a walk: the others speak too.
    of_trip = sum(shares[id(leg)] * (leg.end_t - leg.start_t) for leg in own) / max(seconds, 1.0)
    return [is_within_bounds(leg) and is_genuine(leg, shares[id(leg)], of_trip) for leg in legs]


def is_within_bounds(leg: Leg) -> bool:
    """Tell whether mode, speed and coverage of a leg allow it to be proved."""
    if leg.mode not in PROVABLE or leg.fixes < FIXES_MIN[leg.mode]:
        return False
    if leg.interval_s > RARE_INTERVAL_MAX_S or leg.probability < PROBABILITY_MIN[leg.mode]:
        return False
    if leg.mode == "bike" and leg.features[_GAIN] < BIKE_GAIN_MIN:
        return False
    duration_s = leg.end_t - leg.start_t
    if leg.distance_m < DISTANCE_MIN_M or duration_s < DURATION_MIN_S:
        return False
    if leg.interval_s > INTERVAL_MAX_S and (
        leg.fixes < RARE_FIXES_MIN
        or leg.distance_m < RARE_DISTANCE_MIN_M
        or duration_s < RARE_DURATION_MIN_S
    ):
        return False
    return leg.gap_share <= GAP_SHARE_MAX and not leg.features[_FAST] > _fastest_mps(leg)


def is_genuine(leg: Leg, altered: float, altered_of_trip: float) -> bool:
    """Tell whether a leg looks travelled rather than slowed or played.

    Args:
        altered: `altered_share` of the leg.
        altered_of_trip: The mean of all walks and rides of the trip, weighed by time.
    """
    if leg.interval_s > INTERVAL_MAX_S:
        return altered <= RARE_ALTERED_MAX and altered_of_trip <= RARE_ALTERED_TRIP_MAX
    return altered <= ALTERED_MAX and altered_of_trip <= ALTERED_TRIP_MAX


def _fastest_mps(leg: Leg) -> float:
    if leg.mode == "walk" and leg.interval_s > INTERVAL_MAX_S:
        return RARE_WALK_MAX_MPS
    return SPEED_MAX_MPS[leg.mode]
