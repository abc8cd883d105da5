"""What a trace alone may prove: probability, envelope of speed, coverage. Pure."""

from backend.mobility.pipeline.features import FEATURE_NAMES
from backend.mobility.pipeline.legs import Leg

PROVABLE = ("walk", "bike")
"""Modes that nobody but the traveller can witness. Bus, rail and carpool have operators,
validations or a second phone; their traces corroborate, they do not prove."""
PROBABILITY_MIN = {"walk": 0.8, "bike": 0.90}
"""Calibrated on legs of unseen groups and routes; at these values no motor leg passed as bike
(docs/mobility-model.md)."""
INTERVAL_MAX_S = 10.0
"""Rarer fixes prove nothing: a bus with a fix every half minute looks like a bike, a street tram
like a walk, and a slowed recording of either like both (eight of ten that passed as walks or bikes
had them). Our page records every second or two, as watches do."""
FIXES_MIN = {"walk": 8, "bike": 20}
DISTANCE_MIN_M = 200.0
DURATION_MIN_S = 120.0
GAP_SHARE_MAX = 0.35
"""A tunnel of a third of the way could hold a metro."""
SPEED_MAX_MPS = {"walk": 5.0, "bike": 14.0}
"""Of the fastest 3 % of half minutes. A marathon record is run at 5.9 m/s on average, a
Tour de France stage at 12."""
BIKE_GAIN_MIN = 0.08
"""m/s² that the liveliest tenth of ten-second changes must reach. A vehicle whose recording was
slowed to the pace of a bike starts and brakes like nobody on one: at twice the time a quarter
is left. 95 % of the proved bike legs reach 0.10, half of the slowed vehicles stay below 0.06."""
_GAIN = FEATURE_NAMES.index("gain_q90@10")
_FAST = FEATURE_NAMES.index("speed_q97@30")


def is_proved(leg: Leg) -> bool:
    """Tell whether a leg counts at P1 on the word of its trace alone."""
    if leg.mode not in PROVABLE or leg.fixes < FIXES_MIN[leg.mode]:
        return False
    if leg.interval_s > INTERVAL_MAX_S or leg.probability < PROBABILITY_MIN[leg.mode]:
        return False
    if leg.mode == "bike" and leg.features[_GAIN] < BIKE_GAIN_MIN:
        return False
    if leg.distance_m < DISTANCE_MIN_M or leg.end_t - leg.start_t < DURATION_MIN_S:
        return False
    return leg.gap_share <= GAP_SHARE_MAX and not leg.features[_FAST] > SPEED_MAX_MPS[leg.mode]
