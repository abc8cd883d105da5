"""Pure rules of trips: states, limits of time, trips that cannot both be true. Integers only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isqrt

LATE_AFTER = timedelta(hours=48)
"""After the last fix; the same as for an operator's ticket, so that both can meet."""
KEEP_PATH = timedelta(days=30)
"""Long enough for a review and an appeal about it; then the map is deleted."""
KEEP_SHAPE = timedelta(days=400)
"""A fingerprint holds no place; a year and a season in which the same ride may come again."""
OVERLAP_SAME_BPS = 7_000
"""Share of the shorter trip from which two trips of one person are one.
Source: the carpool register's temporal_overlap_anomaly (over 70 %)."""
OVERLAP_SLACK = timedelta(seconds=20)
"""Clocks of two recordings may differ by this. Source: the same check."""
MAX_SPEED_MPS = 100
"""Between the end of one trip and the start of the next: above any train of the country."""
CELL_M = 1_600
"""Diagonal of two hundredths of a degree at 43° N is 2.7 km: what rounding may add."""
TELEPORT_MIN_M = 10_000
LENGTH_BAND_BPS = 200
"""A copy has the length of its original within 2 %, also when it is moved, turned or slowed."""

_METRES_PER_CENTIDEGREE = 1_112
_COSINE_OF_43_BPS = 7_314


class TripState(StrEnum):
    """Life of a trip."""

    RECEIVED = "received"
    """Stored; its points wait for the verdict."""
    JUDGED = "judged"
    """It has become a claim; the points are gone."""


class TripSource(StrEnum):
    """How a trip came to us."""

    PHONE = "phone"
    """Recorded by our page."""
    FILE = "file"
    """Uploaded as a file."""
    PARTNER = "partner"
    """Sent and signed by a partner."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of another trip of the same person.

    Attributes:
        start_cell, end_cell: Hundredths of a degree, "lat:lon"; `None` when forgotten.
    """

    started_at: datetime
    ended_at: datetime
    start_cell: str | None
    end_cell: str | None


class Conflict(StrEnum):
    """Why two trips of one person cannot both be paid."""

    OVERLAP = "overlap"
    """At least seven tenths of the shorter one lie inside the other: it is one trip."""
    SEVERAL_AT_ONCE = "several_at_once"
    """They overlap by less: somebody was on two ways at once for a while."""
    TELEPORT = "teleport_between_trips"
    """From the end of one to the start of the other, faster than any train."""


def conflicts(trip: Earlier, others: Iterable[Earlier]) -> Mapping[Conflict, int]:
    """Return which conflicts a trip has with others of the same person, and how many each."""
    found: dict[Conflict, int] = {}
    for other in others:
        conflict = _conflict(trip, other)
        if conflict is not None:
            found[conflict] = found.get(conflict, 0) + 1
    return found


def overlap_bps(one: Earlier, other: Earlier) -> int:
    """Return the share of the shorter trip that both have in common, in ten-thousandths."""
    shared = min(one.ended_at, other.ended_at) - max(one.started_at, other.started_at)
    shorter = min(one.ended_at - one.started_at, other.ended_at - other.started_at)
    if shared <= timedelta(0) or shorter <= timedelta(0):
        return 0
    return shared * 10_000 // shorter


def is_late(ended_at: datetime, now: datetime) -> bool:
    """Tell whether a trip came too late; the bound itself is in time."""
    return now - ended_at > LATE_AFTER


def length_band(length_m: int) -> tuple[int, int]:
    """Return the lengths between which a copy of a trip lies, in metres."""
    margin = length_m * LENGTH_BAND_BPS // 10_000 + 1
    return length_m - margin, length_m + margin


def _conflict(trip: Earlier, other: Earlier) -> Conflict | None:
    shared = min(trip.ended_at, other.ended_at) - max(trip.started_at, other.started_at)
    if shared > OVERLAP_SLACK:
        is_same = overlap_bps(trip, other) >= OVERLAP_SAME_BPS
        return Conflict.OVERLAP if is_same else Conflict.SEVERAL_AT_ONCE
    first, second = sorted((trip, other), key=lambda one: one.started_at)
    if first.end_cell is None or second.start_cell is None:
        return None
    distance_m = max(0, _apart_m(first.end_cell, second.start_cell) - 2 * CELL_M)
    gap_s = max(0, int((second.started_at - first.ended_at).total_seconds()))
    is_far = distance_m > TELEPORT_MIN_M and distance_m > MAX_SPEED_MPS * gap_s
    return Conflict.TELEPORT if is_far else None


def _apart_m(one: str, other: str) -> int:
    (lat1, lon1), (lat2, lon2) = (map(int, cell.split(":")) for cell in (one, other))
    north_m = (lat2 - lat1) * _METRES_PER_CENTIDEGREE
    east_m = (lon2 - lon1) * _METRES_PER_CENTIDEGREE * _COSINE_OF_43_BPS // 10_000
    return isqrt(north_m * north_m + east_m * east_m)
