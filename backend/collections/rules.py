"""Pure words of mass balance: what deposits claim against what the weighbridge says.

A station earns its reliability: the share of a reward that is released at once. The rest
is a second tranche that waits for a collection round. When the round weighs less than was
claimed, beyond the tolerance, that tranche is trimmed for everybody who deposited in it,
by the same fraction, rounded down; nothing else is taken back. When more than a tenth is
missing, trimming would let thieves share the honest people's mass: the round's tranches
wait for a person instead, and the station's device is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from types import MappingProxyType

FULL_BPS = 10_000
STEP_UP_BPS = 2_500
"""What one good round adds: a new station (0) is fully trusted after four."""
GROSS = Fraction(9, 10)
"""Below it a round is no matter of scales and item masses any more."""
STEP_DOWN = 2
"""A bad round divides the reliability by this, a bad second one again."""
RELEASED_AFTER = timedelta(days=35)
"""A second tranche is released then, whether or not a lorry came."""
DECIDED_WITHIN = timedelta(days=14)
"""So long a grossly light round waits for a person; then its tranches are trimmed for all."""
CLOSED_AFTER = timedelta(hours=48)
"""A round that no weighing changed for so long is closed by itself."""
SCALE_BPS = 100
"""Error of a weighbridge and of containers that are not quite emptied, ours: 1 %."""
ITEM_SPREAD_BPS = 3_000
"""Standard deviation of one item's mass, in 1/10,000 of its mean: bottles weigh 250 to 550 g."""
MOST_BPS = 2_000
"""Above it a tolerance would hide more than it explains, however few the items."""

AT_ONCE_MOST_BPS: Mapping[str, int] = MappingProxyType({"counter": 0})
"""Kind of witness → most that is released at once, whatever the station's reliability: what
one person alone signs waits for the scales."""

ITEM_G: Mapping[str, int] = MappingProxyType(
    {
        "glass": 400,
        "packaging": 35,
        "paper": 80,
        "textile": 250,
        "plastic_bottle": 30,
        "can": 16,
        "metal": 50,
        "battery": 25,
        "electronics": 1_500,
    }
)
"""Usual mass of one item in grams, where a machine counts and does not weigh.

Assumptions of ours, near published means: a wine bottle 350 to 550 g and a jar 200 to
250 g, a PET bottle 25 to 35 g, a drink can 13 to 17 g.
"""


DENSITY_G_PER_L: Mapping[str, int] = MappingProxyType(
    {
        "glass": 350,
        "packaging": 40,
        "paper": 150,
        "textile": 200,
        "plastic_bottle": 35,
        "can": 40,
        "metal": 100,
        "battery": 1_500,
    }
)
"""Grams in a litre of a container, uncompacted; assumptions of ours, rounded upwards."""


class BalanceState(StrEnum):
    """What became of the second tranches of one balance."""

    RECONCILED = "reconciled"
    """The mass agrees: released whole."""
    TRIMMED = "trimmed"
    """Released less the same part for all."""
    WAITING = "waiting"
    """More than a tenth is missing: a person decides, until a day."""
    RELEASED = "released"
    """A person found the weighing wrong: released whole."""


@dataclass(frozen=True, slots=True)
class Round:
    """One collection round of one station.

    Attributes:
        claimed_g: Mass that the deposits since the last round claim.
        weighed_g: Net mass on the weighbridge ticket.
        carried_g: Mass that earlier rounds claimed beyond what was weighed, not yet trimmed.
    """

    claimed_g: int
    weighed_g: int
    carried_g: int = 0


@dataclass(frozen=True, slots=True)
class Balance:
    """What a round says.

    Attributes:
        keep: Fraction of each second tranche that is released, 0 to 1.
        excess_g: Claimed beyond weighed and tolerance.
        carried_g: Claimed beyond weighed but within the tolerance: the next round
            inherits it, so that a thief cannot take the tolerance every time.
        reliability_bps: The station's reliability afterwards.
        is_gross: More than a tenth is missing: a person decides, nothing is trimmed.
    """

    keep: Fraction
    excess_g: int
    carried_g: int
    reliability_bps: int
    is_gross: bool = False


def judge_round(found: Round, *, reliability_bps: int, tolerance_bps: int = 500) -> Balance:
    """Compare a round's claims with its weight.

    Args:
        found: The round.
        reliability_bps: The station's reliability before, in 1/10,000.
        tolerance_bps: Error of masses and of the scale, in 1/10,000 of the weight.
    """
    claimed_g = found.claimed_g + found.carried_g
    allowed_g = found.weighed_g * (FULL_BPS + tolerance_bps) // FULL_BPS
    excess_g = max(0, claimed_g - allowed_g)
    if excess_g == 0:
        carried_g = max(0, claimed_g - found.weighed_g)
        # A round that claims nothing proves nothing.
        step = STEP_UP_BPS if found.claimed_g else 0
        return Balance(Fraction(1), 0, carried_g, min(FULL_BPS, reliability_bps + step))
    # A round without claims cannot be trimmed; what was carried is settled with the next.
    if found.claimed_g == 0:
        return Balance(Fraction(1), excess_g, claimed_g, reliability_bps // STEP_DOWN)
    keep = max(Fraction(0), Fraction(found.claimed_g - excess_g, found.claimed_g))
    return Balance(keep, excess_g, 0, reliability_bps // STEP_DOWN, keep < GROSS)


def trim(tranches: Mapping[str, int], keep: Fraction) -> dict[str, int]:
    """Return what each second tranche keeps, in units, rounded down.

    Args:
        tranches: Reference → units, as granted.
        keep: From `judge_round`.
    """
    return {name: units * keep.numerator // keep.denominator for name, units in tranches.items()}


def at_once_bps(reliability_bps: int, witness_kind: str) -> int:
    """Return the share of a reward that is released at once, in 1/10,000."""
    return min(reliability_bps, AT_ONCE_MOST_BPS.get(witness_kind, FULL_BPS))


def split(units: int, reliability_bps: int) -> tuple[int, int]:
    """Split a reward into what is released at once and what waits for the mass.

    Returns:
        Two amounts in units that sum to `units`; the first is rounded down.
    """
    at_once = units * reliability_bps // FULL_BPS
    return at_once, units - at_once


def claimed_g(material: str, *, items: int, mass_g: int) -> int:
    """Return the mass that a deposit claims. Unit: grams.

    Args:
        items: How many were counted.
        mass_g: What the machine weighed, 0 where it does not weigh.
    """
    return mass_g or items * ITEM_G.get(material, 0)


def beyond_spare_g(late_g: int, spare_g: int) -> int:
    """Return what late uploads claim beyond what the last round weighed and nobody claimed."""
    return max(0, late_g - spare_g)


def full_g(material: str, volume_l: int) -> int:
    """Return half of what a full container weighs, 0 for a material of unknown density.

    A container without any weighing is doubted from twice its usual mass, which is then full.
    """
    return volume_l * DENSITY_G_PER_L.get(material, 0) // 2


def usual_g(weighed: Sequence[tuple[datetime, int]], *, now: datetime) -> int:
    """Return what a container usually holds by now. Unit: grams.

    Args:
        weighed: When it was emptied and what was in it, newest first, at least one.
        now: When somebody leaves something: a lorry that is late lets more come together.
    """
    mean_g = sum(mass_g for _, mass_g in weighed) // len(weighed)
    newest, oldest = weighed[0][0], weighed[-1][0]
    if len(weighed) == 1 or newest <= oldest:
        return mean_g
    between_s = int((newest - oldest).total_seconds()) // (len(weighed) - 1)
    since_s = int((now - newest).total_seconds())
    return max(mean_g, mean_g * since_s // max(1, between_s))


def tolerance_bps(items: int) -> int:
    """Return the tolerance of a round in 1/10,000 of its weight.

    The scale's error, and three standard deviations of the sum of `items` usual masses:
    a hundred bottles are known to 10 %, ten thousand to 2 %.
    """
    if items < 1:
        return SCALE_BPS
    # The square root of 10,000 items is 100: two digits of the root are kept.
    spread = 3 * ITEM_SPREAD_BPS * 100 // isqrt(items * FULL_BPS)
    return min(MOST_BPS, SCALE_BPS + spread)


def good_g(net_g: int, impurity_bps: int) -> int:
    """Return the weighed mass less the junk that the sorted sample shows. Unit: grams."""
    return net_g * (FULL_BPS - impurity_bps) // FULL_BPS
