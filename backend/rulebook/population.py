"""A synthetic year of acts, for forecasts while there are too few real ones.

It is a rough city, not a measurement: shares and frequencies are round numbers chosen to
exercise every rule, and a forecast made with it says so. Same seed, same acts.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import numpy as np

from backend.rulebook.act import Act, Place

MATERIALS = (("glass", 0.35), ("packaging", 0.35), ("textile", 0.05), ("organic", 0.25))
"""Recycled material and its share of acts; from what households sort most often."""
MODES = (("bus", 0.4), ("tram", 0.2), ("metro", 0.25), ("bike_share", 0.15))
"""Mode and its share of trips; the network's own order of magnitude."""
ACTS_PER_PERSON_AND_WEEK = 1.5
"""docs/architecture.md, load: 20 % of people active a day, 1.5 acts each, is the base case."""
TRIP_SHARE = 0.3
DISTRICT_SHARE = 0.15
"""Share of an area's people who live in its priority districts, where it has any: a round guess."""
P1_SHARE = 0.25
"""Share of recycling acts that only a sticker and a position prove."""


def synthetic_acts(
    populations: Mapping[str, int],
    *,
    region: Mapping[str, str],
    until: datetime,
    people: int = 250,
    days: int = 365,
    seed: int = 13,
    districts: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[Act]:
    """Draw the acts of some people over some days, oldest first.

    Args:
        populations: Area code → inhabitants; people live where others do.
        region: Codes of the whole territory, added to each place.
        until: The acts end here, aware.
        districts: Area code → codes of its priority districts; some of its people live there.
    """
    random = np.random.default_rng(seed)
    areas = sorted(populations)
    weights = np.array([populations[area] for area in areas], dtype=np.int64)
    homes = random.choice(len(areas), size=people, p=weights / weights.sum())
    count = int(random.poisson(people * days / 7 * ACTS_PER_PERSON_AND_WEEK))
    who = random.integers(0, people, size=count)
    seconds = np.sort(random.integers(0, days * 86_400, size=count))
    is_trip = random.random(count) < TRIP_SHARE
    is_p1 = random.random(count) < P1_SHARE
    materials = random.choice(len(MATERIALS), size=count, p=[share for _, share in MATERIALS])
    modes = random.choice(len(MODES), size=count, p=[share for _, share in MODES])
    items = 1 + random.poisson(2, size=count)
    metres = 500 + random.gamma(2.0, 2500.0, size=count).astype(np.int64)
    start = until.astimezone(UTC) - timedelta(days=days)
    places = [Place(codes={**region, "commune": area, "arr": area}) for area in areas]
    living = [_home(places[home], districts.get(areas[home], ()), random) for home in homes]
    return [
        _act(
            person=int(who[i]),
            at=start + timedelta(seconds=int(seconds[i])),
            place=living[who[i]],
            mode=MODES[modes[i]][0] if is_trip[i] else None,
            material=MATERIALS[materials[i]][0],
            level="P1" if is_p1[i] else "P2",
            count=int(items[i]),
            distance_m=int(metres[i]),
        )
        for i in range(count)
    ]


def _home(place: Place, districts: Sequence[str], random: np.random.Generator) -> Place:
    if not districts or random.random() >= DISTRICT_SHARE:
        return place
    code = districts[int(random.integers(len(districts)))]
    return Place(codes={**place.codes, "qpv": code})


def _act(  # noqa: PLR0913 - the facts of an act
    *,
    person: int,
    at: datetime,
    place: Place,
    mode: str | None,
    material: str,
    level: str,
    count: int,
    distance_m: int,
) -> Act:
    who = f"synthetic-{person}"
    if mode is not None:
        return Act(
            kind="mobility",
            occurred_at=at,
            proof_level="P2",
            mode=mode,
            place=place,
            count=1,
            distance_m=distance_m,
            person_ref=who,
            operator="synthetic",
        )
    return Act(
        kind="recycling",
        occurred_at=at,
        proof_level=level,
        material=material,
        place=place,
        count=count,
        mass_g=count * 400,
        person_ref=who,
        station_ref=f"synthetic-{place.codes['arr']}",
    )
