"""Carpool pairs over time: role swaps, closed groups, one motion on two phones. Pure.

What is found here goes to a human; monitoring figures of the national register never refuse.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

RING_TRIPS_PER_DAY = 3
"""Source: preuve-covoiturage notebooks, triangular study: groups whose busiest member makes
at least three trips a day."""
RING_MIN_PEOPLE = 3
SWAPS_PER_DAY = 1


@dataclass(frozen=True, slots=True)
class SharedTrip:
    """One carpool trip of two people, by pseudonym."""

    driver: str
    passenger: str
    started_at: datetime
    day: date


@dataclass(frozen=True, slots=True)
class Ring:
    """A group of people who only ever travel with each other.

    Attributes:
        people: Pseudonyms, sorted.
        busiest_per_day: Most trips that one of them made on one day.
        swaps: Days on which two of them drove each other in turns.
    """

    people: tuple[str, ...]
    busiest_per_day: int
    swaps: int


def role_swaps(trips: Iterable[SharedTrip]) -> dict[tuple[str, str], int]:
    """Count for each pair the days on which both drove the other."""
    roles: dict[tuple[tuple[str, str], date], set[str]] = defaultdict(set)
    for trip in trips:
        pair = (min(trip.driver, trip.passenger), max(trip.driver, trip.passenger))
        roles[pair, trip.day].add(trip.driver)
    return dict(Counter(pair for (pair, _), drivers in roles.items() if len(drivers) > 1))


def rings(trips: Iterable[SharedTrip]) -> list[Ring]:
    """Return groups of three or more that are busy or swap roles, the busiest first."""
    known = list(trips)
    swaps = role_swaps(known)
    found = []
    for people in _components(known):
        inside = [trip for trip in known if trip.driver in people]
        per_day = Counter(
            (person, trip.day) for trip in inside for person in (trip.driver, trip.passenger)
        )
        ring = Ring(
            tuple(sorted(people)),
            max(per_day.values()),
            sum(days for (one, _), days in swaps.items() if one in people),
        )
        is_suspect = ring.busiest_per_day >= RING_TRIPS_PER_DAY or ring.swaps >= SWAPS_PER_DAY
        if len(people) >= RING_MIN_PEOPLE and is_suspect:
            found.append(ring)
    return sorted(found, key=lambda ring: (-ring.busiest_per_day, ring.people))


def _components(trips: list[SharedTrip]) -> list[set[str]]:
    neighbours: dict[str, set[str]] = defaultdict(set)
    for trip in trips:
        neighbours[trip.driver].add(trip.passenger)
        neighbours[trip.passenger].add(trip.driver)
    groups: list[set[str]] = []
    seen: set[str] = set()
    for start in sorted(neighbours):
        if start in seen:
            continue
        group, waiting = {start}, [start]
        while waiting:
            for person in neighbours[waiting.pop()] - group:
                group.add(person)
                waiting.append(person)
        seen |= group
        groups.append(group)
    return groups
