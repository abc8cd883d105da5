"""Whether the legs of a trace agree with a trip that somebody else attested. Pure.

A ticket, a carpool entry or a receipt says mode, times and distance; the trace must show
somebody moving like that at that time. Together they are two independent witnesses (P3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

SHARE_MIN = 0.7
"""Of the shorter of leg and attested trip that both have in common; the register's bound for
calling two trips one."""
DISTANCE_RATIO_MAX = 2.0
"""Operators bill distances along the line or as the crow flies; twice is more than both."""
SURE = 0.8
"""A motor leg that is called a car with less than this may well be a bus."""
_TRANSIT = frozenset({"bus", "rail"})
_LEG_MODES: Mapping[str, frozenset[str]] = {
    "bus": _TRANSIT,
    "tram": _TRANSIT,
    "metro": _TRANSIT,
    "rail": _TRANSIT,
    "ferry": _TRANSIT | {"car", "bike"},
    "carpool": frozenset({"car"}),
    "bike_share": frozenset({"bike"}),
    "scooter_share": frozenset({"bike"}),
    "bike": frozenset({"bike"}),
    "walk": frozenset({"walk"}),
}
"""Attested mode → modes that the model may call it. Bus and tram differ by their rails only."""


@dataclass(frozen=True, slots=True)
class Span:
    """A leg, as a verdict has it."""

    mode: str
    probability: float
    distance_m: int
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Attested:
    """A trip that an operator signed.

    Attributes:
        reference: Public id of its claim.
        mode: A name of the codes: bus, metro, bike_share…
    """

    reference: str
    mode: str
    distance_m: int
    started_at: datetime
    ended_at: datetime


def agreeing_legs(legs: Sequence[Span], attested: Attested) -> list[int]:
    """Return the positions of the legs that show an attested trip; empty when none does.

    A trip with a change shows as several legs; together they must fit its distance.
    """
    found = [
        at
        for at, leg in enumerate(legs)
        if _could_be(leg, attested.mode) and _shared(leg, attested) >= SHARE_MIN
    ]
    total_m = sum(legs[at].distance_m for at in found)
    low, high = sorted((max(total_m, 1), max(attested.distance_m, 1)))
    return found if high <= DISTANCE_RATIO_MAX * low else []


def spans_of(finding: Mapping[str, Any]) -> list[Span]:
    """Return the legs of a kept finding."""
    return [
        Span(
            leg["mode"],
            leg["probability"],
            leg["distance_m"],
            datetime.fromisoformat(leg["started_at"]),
            datetime.fromisoformat(leg["ended_at"]),
        )
        for leg in finding.get("legs", [])
    ]


def _could_be(leg: Span, mode: str) -> bool:
    wanted = _LEG_MODES.get(mode, frozenset())
    is_doubtful_car = leg.mode == "car" and leg.probability < SURE and bool(wanted & _TRANSIT)
    return leg.mode in wanted or is_doubtful_car


def _shared(leg: Span, attested: Attested) -> float:
    start = max(leg.started_at, attested.started_at)
    end = min(leg.ended_at, attested.ended_at)
    shorter = min(leg.ended_at - leg.started_at, attested.ended_at - attested.started_at)
    if end <= start:
        return 0.0
    return (end - start) / shorter
