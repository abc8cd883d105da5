"""What one evaluation says: amount, tranches, counter moves and the lines that explain them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from backend.kernel.units import TokenUnits

CounterKey: TypeAlias = str
"""Name of one counter; plain sorting gives the lock order person, station, commune, metropolis."""

FactValue = int | str | None
Outcome = Literal["paid", "zero", "refused"]
ReleaseKind = Literal["at_once", "after_seconds", "on_mass_balance_or_after_days"]


class Line(NamedTuple):
    """One step of the reasoning; `code` selects the sentence, `facts` fill it."""

    code: str
    facts: Mapping[str, FactValue]


class Move(NamedTuple):
    """How much a counter rises; a clawback subtracts the same."""

    key: CounterKey
    delta: int


@dataclass(frozen=True, slots=True)
class Tranche:
    """A part of the amount.

    `seconds` counts from the verdict for `after_seconds`; `days` is the longest wait for
    `on_mass_balance_or_after_days`; both are 0 for `at_once`.
    """

    index: int
    units: TokenUnits
    release: ReleaseKind
    seconds: int = 0
    days: int = 0


class Evaluation(NamedTuple):
    """The answer of the engine for one act.

    `amount_units` is what is paid; `before_caps_units` what the tariff gave; `outcome` is
    `refused` when no rule applies or a requirement fails, `zero` when the amount is nothing.
    `top_up_units` is the part of the amount that communes add.
    """

    amount_units: TokenUnits
    before_caps_units: int
    outcome: Outcome
    rule_id: str | None
    tranches: tuple[Tranche, ...]
    moves: tuple[Move, ...]
    lines: tuple[Line, ...]
    top_up_units: int = 0
