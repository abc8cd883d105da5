"""Spending: an amount goes through caps and budgets; counters move by what is paid."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backend.rulebook.act import Act
from backend.rulebook.evaluation import CounterKey, FactValue, Line, Move
from backend.rulebook.prepared.caps import PreparedCap

if TYPE_CHECKING:
    from datetime import date, tzinfo


class Spending:
    """The counters as one act moves them.

    Args:
        counters: Values before the act; a missing key is 0.
        lines: Where explanations go; None when nobody reads them.
        counts_before_trimming: Replay a registry whose counters move cap by cap and are never
            taken back; otherwise counters move by what is paid and nothing else.
    """

    __slots__ = ("_act", "_counters", "_days", "_lines", "_moved", "spend")

    def __init__(
        self,
        act: Act,
        counters: Mapping[str, int],
        lines: list[Line] | None,
        *,
        counts_before_trimming: bool,
    ) -> None:
        self._act = act
        self._counters = counters
        self._lines = lines
        self._moved: dict[CounterKey, int] = {}
        self._days: dict[tzinfo, date] = {}
        self.spend = self._spend_counting_first if counts_before_trimming else self._spend_exactly

    def moves(self) -> tuple[Move, ...]:
        """Return how far each counter moved, in lock order."""
        before = self._counters
        moved = sorted(self._moved.items())
        return tuple([Move(key, value - before.get(key, 0)) for key, value in moved])

    def _spend_exactly(self, caps: Sequence[PreparedCap], units: int) -> int:
        """Return what is paid of `units`; nothing moves when that is nothing."""
        paid = units
        touched: list[tuple[PreparedCap, CounterKey, int]] = []
        for cap in caps:
            key = cap.key(self._act, self._days)
            value = self._value(key)
            allowed = self._allowed(cap, paid, value)
            if allowed != paid and self._lines is not None:
                self._lines.append(_limit_line(cap, value, paid, allowed))
            paid = allowed
            if not paid:
                return 0
            touched.append((cap, key, value))
        for cap, key, value in touched:
            self._move(cap, key, value, value + self._counted(cap, paid))
        return paid

    def _spend_counting_first(self, caps: Sequence[PreparedCap], units: int) -> int:
        paid = units
        for cap in caps:
            key = cap.key(self._act, self._days)
            value = self._value(key)
            if value >= cap.max:
                if self._lines is not None:
                    self._lines.append(_limit_line(cap, value, paid, 0))
                return 0
            after = value + self._counted(cap, paid)
            if cap.kind == "amount" and after > cap.max:
                if self._lines is not None:
                    self._lines.append(_limit_line(cap, value, paid, cap.max - value))
                paid, after = cap.max - value, cap.max
            self._move(cap, key, value, after)
        return paid

    def _value(self, key: CounterKey) -> int:
        moved = self._moved.get(key)
        return self._counters.get(key, 0) if moved is None else moved

    def _allowed(self, cap: PreparedCap, units: int, value: int) -> int:
        left = cap.max - value
        if cap.kind == "amount":
            if left >= units:
                return units
            return 0 if cap.refuses_remainder else max(left, 0)
        return units if cap.quantity(self._act) <= left else 0

    def _counted(self, cap: PreparedCap, units: int) -> int:
        return units if cap.kind == "amount" else cap.quantity(self._act)

    def _move(self, cap: PreparedCap, key: CounterKey, before: int, after: int) -> None:
        self._moved[key] = after
        if self._lines is not None:
            code = "budget_moved" if cap.is_budget else "cap_moved"
            self._lines.append(Line(code, _facts(cap) | {"before": before, "after": after}))


def _limit_line(cap: PreparedCap, value: int, before: int, after: int) -> Line:
    what = "budget" if cap.is_budget else "cap"
    how = "trimmed" if after else "refused"
    facts = _facts(cap) | {"used": value, "before": before, "after": after}
    return Line(f"{what}_{how}", facts)


def _facts(cap: PreparedCap) -> dict[str, FactValue]:
    title = cap.title
    return {
        "cap": cap.id,
        "counted": cap.counted,
        "target": cap.target,
        "period": cap.period,
        "max": cap.max,
        "title_fr": title.fr if title else None,
        "title_en": title.en if title else None,
    }
