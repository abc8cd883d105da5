"""Mass balance: what a station's deposits claim against what the weighbridge says. Pure.

A station earns its reliability: the share of a reward that is released at once. The rest
is a second tranche that waits for a collection round. When the round weighs less than was
claimed, beyond the tolerance, that tranche is trimmed for everybody who deposited in it,
by the same fraction, rounded down; nothing else is taken back. When more than a tenth is
missing, trimming would let thieves share the honest people's mass: the round's tranches
wait for a person instead, and the station's device is looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

FULL_BPS = 10_000
STEP_UP_BPS = 2_500
"""What one good round adds: a new station (0) is fully trusted after four."""
MAX_AT_ONCE_BPS = 10_000
GROSS = Fraction(9, 10)
"""Below it a round is no matter of scales and item masses any more."""
STEP_DOWN = 2
"""A bad round divides the reliability by this, a bad second one again."""


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
        better = min(MAX_AT_ONCE_BPS, reliability_bps + STEP_UP_BPS)
        return Balance(Fraction(1), 0, carried_g, better)
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


def split(units: int, reliability_bps: int) -> tuple[int, int]:
    """Split a reward into what is released at once and what waits for the mass.

    Returns:
        Two amounts in units that sum to `units`; the first is rounded down.
    """
    at_once = units * reliability_bps // FULL_BPS
    return at_once, units - at_once


def claimed_mass_g(deposits: Sequence[tuple[str, int, int]], *, item_g: Mapping[str, int]) -> int:
    """Return the mass that deposits claim.

    Args:
        deposits: Material, count, and mass in grams where the machine weighs, else 0.
        item_g: Usual mass of one item of a material, in grams, for those that do not.
    """
    return sum(mass_g or count * item_g.get(material, 0) for material, count, mass_g in deposits)
