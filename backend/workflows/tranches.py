"""How a station's reliability splits a reward: a part at once, the rest when it is weighed. Pure.

An edition says what is released at once at a station that has earned full trust. A station
of less reliability releases that share of it; the rest joins the tranche that waits for the
mass balance, or 35 days. A new station (0) releases nothing before it was weighed.
"""

from dataclasses import dataclass

from backend.collections import rules as mass
from backend.kernel.units import TokenUnits
from backend.rewards.rules import ON_MASS_BALANCE
from backend.rulebook.engine import Evaluation, Line, Tranche

WEIGHED_LEVELS = frozenset({"P2", "P3"})
"""Located acts (P1) have a holding time of their own and earn too little to wait for a lorry."""


@dataclass(frozen=True, slots=True)
class Split:
    """Tranches, and the receipt's lines that say so."""

    tranches: tuple[Tranche, ...]
    lines: tuple[Line, ...]


def by_reliability(evaluation: Evaluation, reliability_bps: int | None) -> Split:
    """Split what is released at once by a station's reliability.

    Args:
        evaluation: Of the engine.
        reliability_bps: In 1/10,000; `None` where no weighing can follow.
    Returns:
        Tranches that sum to the same amount, none of zero, with distinct indices.
    """
    if reliability_bps is None or reliability_bps == mass.FULL_BPS or not evaluation.tranches:
        return Split(evaluation.tranches, evaluation.lines)
    parts: list[Tranche] = []
    moved = 0
    for part in evaluation.tranches:
        if part.release == "at_once":
            at_once, later = mass.split(part.units, reliability_bps)
            moved += later
            parts.append(part_with(part, at_once))
        else:
            parts.append(part)
    tranches = tuple(part for part in _wait(parts, moved) if part.units > 0)
    return Split(tranches, _retold(evaluation.lines, tranches, reliability_bps))


def part_with(part: Tranche, units: int) -> Tranche:
    """Return a tranche with another amount."""
    return Tranche(part.index, TokenUnits(units), part.release, part.seconds, part.days)


def _wait(parts: list[Tranche], moved: int) -> list[Tranche]:
    """Let `moved` units wait for the mass: in the tranche that does so already, or a new one."""
    for at, part in enumerate(parts):
        if part.release == ON_MASS_BALANCE:
            return [*parts[:at], part_with(part, part.units + moved), *parts[at + 1 :]]
    index = 1 + max(part.index for part in parts)
    days = mass.RELEASED_AFTER.days
    return [*parts, Tranche(index, TokenUnits(moved), ON_MASS_BALANCE, days=days)]


def _retold(
    lines: tuple[Line, ...], tranches: tuple[Tranche, ...], reliability_bps: int
) -> tuple[Line, ...]:
    """Replace the lines about tranches by those of the split; the total stays last."""
    if not lines:
        return lines
    before = tuple(line for line in lines[:-1] if not line.code.startswith("tranche_"))
    reliability = Line("station_reliability", {"percent": reliability_bps // 100})
    told = (
        Line(
            f"tranche_{part.release}",
            {
                "index": part.index,
                "units": part.units,
                "seconds": part.seconds,
                "days": part.days,
            },
        )
        for part in tranches
    )
    return (*before, reliability, *told, lines[-1])
