"""Plausible stations for demo, tests and simulation: same seed, same stations."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.territory.geo import AreaIndex, Position

_WAYS = ("rue", "avenue", "boulevard", "place", "chemin", "traverse", "cours", "allée", "impasse")
_NAMES = (
    "de la République",
    "Jean Jaurès",
    "Frédéric Mistral",
    "des Oliviers",
    "des Pins",
    "du Moulin",
    "de la Fontaine",
    "des Lavandes",
    "Marcel Pagnol",
    "Paul Cézanne",
    "du Lavoir",
    "Victor Hugo",
    "des Micocouliers",
    "de la Gare",
    "du Stade",
    "Émile Zola",
    "des Cigales",
    "du 8 Mai 1945",
    "Louis Pasteur",
    "des Amandiers",
    "de l’Église",
    "Germaine Tillion",
    "des Platanes",
    "du Canal",
    "Simone Veil",
    "de la Calanque",
    "des Genêts",
    "du Château",
    "Joseph Roumanille",
    "de la Garrigue",
)
_KINDS = (
    ("street", "Point tri", ("glass", "packaging", "paper"), 70),
    ("kiosk", "Borne tri", ("glass", "packaging"), 12),
    ("bin", "Collecteur", ("glass", "plastic_bottle", "can"), 8),
    ("street", "Borne textile", ("textile",), 5),
    ("dechetterie", "Déchèterie", ("electronics", "wood", "metal", "bulky", "green_waste"), 3),
    ("counter", "Guichet du tri", ("battery", "electronics", "oil"), 2),
)
"""Kind, name, materials and share in percent; shares are ours, chosen to show every kind."""


@dataclass(frozen=True, slots=True)
class StationSeed:
    """A station to create."""

    ref: str
    name: str
    kind: str
    address: str
    commune_code: str
    position: Position
    materials: tuple[str, ...]


class Draws:
    """Even integers from a seed, the same on every machine and release.

    Python's own generator is banned outside of tests and may change; a hash does not.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1; the bias is below 2**-64 for our bounds."""
        self._drawn += 1
        digest = hashlib.sha256(f"{self._seed}/{self._drawn}".encode()).digest()
        return int.from_bytes(digest[:16], "big") % bound


def share_out(populations: Mapping[str, int], total: int) -> dict[str, int]:
    """Share `total` stations among areas: one each, the rest by population.

    Largest remainder; ties go to the lower code. With fewer stations than areas
    the most populous areas get one.
    """
    ranked = sorted(populations, key=lambda code: (-populations[code], code))
    if total <= len(ranked):
        return dict.fromkeys(ranked[:total], 1)
    rest, people = total - len(ranked), max(1, sum(populations.values()))
    shares = {code: divmod(rest * populations[code], people) for code in ranked}
    counts = {code: 1 + whole for code, (whole, _) in shares.items()}
    by_remainder = sorted(ranked, key=lambda code: (-shares[code][1], code))
    for code in by_remainder[: total - sum(counts.values())]:
        counts[code] += 1
    return counts


def stations(
    areas: AreaIndex, populations: Mapping[str, int], *, total: int, seed: str = "calanque"
) -> Sequence[StationSeed]:
    """Invent stations inside their areas, more where more people live.

    Args:
        areas: Boundaries of the areas.
        populations: Area code → inhabitants, for areas of `areas`.
        total: How many stations.
        seed: Same seed, same stations.
    """
    counts = share_out(populations, total)
    return [
        _station(areas, code, number, seed)
        for code in sorted(counts)
        for number in range(counts[code])
    ]


def _station(areas: AreaIndex, code: str, number: int, seed: str) -> StationSeed:
    draws = Draws(f"{seed}/{code}/{number}")
    kind, title, materials = _kind(draws.below(100))
    way, street = _WAYS[draws.below(len(_WAYS))], _NAMES[draws.below(len(_NAMES))]
    house = 1 + draws.below(140)
    return StationSeed(
        ref=f"{code}-{number + 1}",
        name=f"{title} {way} {street}",
        kind=kind,
        address=f"{house} {way} {street}",
        commune_code=code,
        position=areas.position_inside(code, draws.below),
        materials=materials,
    )


def _kind(percent: int) -> tuple[str, str, tuple[str, ...]]:
    reached = 0
    for kind, title, materials, share in _KINDS:
        reached += share
        if percent < reached:
            return kind, title, materials
    msg = "the shares of station kinds do not add up to 100"
    raise AssertionError(msg)
