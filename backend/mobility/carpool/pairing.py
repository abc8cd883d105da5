"""Driver and passenger of a local line: a code that one shows and a trace that both share. Pure."""

import hashlib
import hmac
from dataclasses import dataclass

import numpy as np

from backend.mobility.geometry import to_plane
from backend.mobility.trace import Trace

CODE_SLOT_S = 60
CODE_DIGITS = 6
NEAR_M = 80.0
"""Two phones in one car, each within 40 m of the truth."""
TOGETHER_SHARE = 0.8
COMMON_MIN_S = 120.0
STEP_S = 10.0


@dataclass(frozen=True, slots=True)
class CoPresence:
    """How two traces agree.

    Attributes:
        common_s: Time that both cover.
        near_share: Share of that time within 80 m of each other.
        is_together: Long enough and near enough to be one ride.
    """

    common_s: float
    near_share: float
    is_together: bool


def pairing_code(key: bytes, ride_id: str, at_t: float) -> str:
    """Return the six digits that the driver's phone shows during one minute."""
    slot = int(at_t) // CODE_SLOT_S
    digest = hmac.new(key, f"{ride_id}|{slot}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def is_code_right(key: bytes, ride_id: str, code: str, *, at_t: float) -> bool:
    """Check a code against this minute and the one before."""
    slots = (at_t, at_t - CODE_SLOT_S)
    return any(hmac.compare_digest(pairing_code(key, ride_id, t), code) for t in slots)


def co_presence(driver: Trace, passenger: Trace) -> CoPresence:
    """Compare two clean traces over the time that both cover."""
    start, end = max(driver.t[0], passenger.t[0]), min(driver.t[-1], passenger.t[-1])
    common_s = float(max(end - start, 0.0))
    if common_s < COMMON_MIN_S:
        return CoPresence(common_s, 0.0, is_together=False)
    grid = np.arange(start, end, STEP_S)
    lat0, lon0 = float(driver.lat.mean()), float(driver.lon[0])
    places = []
    for trace in (driver, passenger):
        x, y = to_plane(trace.lat, trace.lon, lat0=lat0, lon0=lon0)
        places.append((np.interp(grid, trace.t, x), np.interp(grid, trace.t, y)))
    (x1, y1), (x2, y2) = places
    share = float((np.hypot(x1 - x2, y1 - y2) <= NEAR_M).mean())
    return CoPresence(common_s, share, is_together=share >= TOGETHER_SHARE)
