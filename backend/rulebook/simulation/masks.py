"""Conditions by columns.

A condition about few distinct values (places, operators, days) is asked once per value, with the
function of the plain engine, and the answers are spread over the rows: one meaning, two speeds.
Rows that lack a needed fact are marked odd and left to the plain engine.
"""

from collections.abc import Callable, Collection
from datetime import date, datetime
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.rulebook.act import Act, Place
from backend.rulebook.errors import ActIncompleteError
from backend.rulebook.prepared.conditions import prepare_area, prepare_condition
from backend.rulebook.prepared.facts import MONEY_FACTS, local_day, zone_of
from backend.rulebook.schema import conditions as c
from backend.rulebook.schema.edition import Area, Edition
from backend.rulebook.simulation.table import (
    DEFAULTS,
    EPOCH,
    ActTable,
    Bools,
    Ints,
    instant,
    microseconds_of,
    missing_number,
)

_SLOT_US = 60_000_000
"""Local calendars and clocks change on whole minutes of UTC in every zone since 1972."""

_SLOTS_SINCE = microseconds_of(datetime(1972, 2, 1, tzinfo=EPOCH.tzinfo))

_COLUMN_OF: dict[type[object], str] = {
    c.Processed: "processed_on",
    c.ClassIn: "operator_class",
    c.Adult: "passenger_adult",
    c.PersonTag: "person_tags",
    c.MaterialIn: "material",
    c.ModeIn: "mode",
    c.ProofLevelIn: "proof_level",
}


class Columns:
    """Reads a table for the conditions and tariffs of one edition, remembering what it worked out.

    Args:
        names: Numbers given to codes per level, shared by all parts of one simulation.

    Attributes:
        odd: Rows that the plain engine must value: a needed fact is missing or a date is ancient.
    """

    def __init__(self, edition: Edition, table: ActTable, names: dict[str, dict[str, int]]) -> None:
        self.edition = edition
        self.table = table
        self.odd: Bools = table.occurred_us < _SLOTS_SINCE
        self._names = names
        self._slots: tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]] | None = None
        self._days: dict[str, npt.NDArray[np.int64]] = {}

    def number(self, fact: str) -> npt.NDArray[np.int64]:
        """Return a column of numbers; missing money is 0, any other missing number makes odd."""
        column = self.table.numbers.get(fact)
        if column is None:
            if fact not in MONEY_FACTS:
                self.odd[:] = True
            return np.zeros(len(self.table), dtype=np.int64)
        missing = column == missing_number(column)
        if fact not in MONEY_FACTS:
            self.odd |= missing
        return np.where(missing, 0, column).astype(np.int64)

    def seats_or_one(self) -> npt.NDArray[np.int64]:
        """Return seats, 1 where they are 0 or missing."""
        column = self.table.numbers.get("seats")
        if column is None:
            return np.ones(len(self.table), dtype=np.int64)
        unknown = (column == missing_number(column)) | (column == 0)
        return np.where(unknown, 1, column).astype(np.int64)

    def mask(self, condition: c.Condition) -> Bools:
        """Tell for every row whether a condition holds."""
        match condition:
            case c.AllOf():
                return reduce(np.logical_and, map(self.mask, condition.of))
            case c.AnyOf():
                return reduce(np.logical_or, map(self.mask, condition.of))
            case c.Not():
                return ~self.mask(condition.of)
            case c.SameCode(level=level):
                return np.equal(self.code("place", level), self.code("end_place", level))
            case _:
                return self._leaf(condition)

    def _leaf(self, condition: c.Condition) -> Bools:
        column = _COLUMN_OF.get(type(condition))
        if column is not None:
            return self._by_value(column, condition)
        match condition:
            case c.PlaceIn():
                return self._place_in(condition)
            case c.OperatorIn():
                return self._operator_in(condition)
            case c.Measure() | c.FactIsZero():
                return self._number_test(condition)
            case c.Instant(from_=first, before=end):
                return self.between(first, end)
            case _:
                return self._by_slot(condition)

    def between(self, first: datetime | None, before: datetime | None) -> Bools:
        """Tell for every row whether it lies from an instant on and before another."""
        at = self.table.occurred_us
        found = np.ones(len(at), dtype=np.bool_)
        if first is not None:
            found &= at >= microseconds_of(first)
        if before is not None:
            found &= at < microseconds_of(before)
        return found

    def after(self, last: datetime) -> Bools:
        """Tell for every row whether it lies after an instant."""
        return self.table.occurred_us > microseconds_of(last)

    def is_one_of(self, column: str, allowed: Collection[str]) -> Bools:
        """Tell for every row whether a column holds one of some values."""
        known = self.table.coded.get(column)
        if known is None:
            absent = DEFAULTS.get(column) in allowed
            return np.full(len(self.table), absent, dtype=np.bool_)
        answers = [value in allowed for value in known.values]
        return np.array([*answers, DEFAULTS.get(column) in allowed])[known.codes]

    def code(self, place: str, level: str) -> Ints:
        """Return a number per row for the code of a place at a level; -1 is unknown."""
        names = self._names.setdefault(level, {})
        return self._per_place(
            place,
            lambda value: names_code(names, value.codes[level]) if level in value.codes else -1,
            -1,
        )

    def day(self, zone_name: str) -> npt.NDArray[np.int64]:
        """Return the local calendar day of every row as a proleptic ordinal."""
        if zone_name not in self._days:
            zone = zone_of(zone_name)
            slots, inverse = self._unique_slots()
            days = [local_day(instant(int(slot) * _SLOT_US), zone).toordinal() for slot in slots]
            self._days[zone_name] = np.array(days, dtype=np.int64)[inverse]
        return self._days[zone_name]

    def _unique_slots(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
        if self._slots is None:
            slot = self.table.occurred_us // _SLOT_US
            low = int(slot.min()) if len(slot) else 0
            span = int(slot.max()) - low + 1 if len(slot) else 0
            present = np.zeros(span, dtype=np.bool_)
            present[slot - low] = True
            used = np.flatnonzero(present)
            position = np.zeros(span, dtype=np.int32)
            position[used] = np.arange(len(used), dtype=np.int32)
            self._slots = (used.astype(np.int64) + low, position[slot - low].astype(np.intp))
        return self._slots

    def _by_slot(self, condition: c.Condition) -> Bools:
        test = prepare_condition(self.edition, condition)
        slots, inverse = self._unique_slots()
        answers = [test(Act(kind="", occurred_at=instant(int(slot) * _SLOT_US))) for slot in slots]
        return np.array(answers, dtype=np.bool_)[inverse]

    def _by_value(self, column: str, condition: c.Condition) -> Bools:
        test = prepare_condition(self.edition, condition)
        known = self.table.coded.get(column)
        values = known.values if known is not None else ()
        answers, odd = _asked(test, column, [*values, None])
        codes = known.codes if known is not None else np.full(len(self.table), -1)
        self.odd |= odd[codes]
        return answers[codes]

    def _number_test(self, condition: c.Measure | c.FactIsZero) -> Bools:
        if isinstance(condition, c.FactIsZero):
            column = self.table.numbers.get(condition.fact)
            if column is None:
                return np.ones(len(self.table), dtype=np.bool_)
            return np.isin(column, (0, missing_number(column)))
        value = self.number(condition.fact)
        found = value >= (condition.at_least or 0)
        if condition.less_than is not None:
            found &= value < condition.less_than
        if condition.at_most is not None:
            found &= value <= condition.at_most
        return found

    def _operator_in(self, condition: c.OperatorIn) -> Bools:
        known = self.table.coded.get("operator")
        values = list(known.values) if known is not None else []
        codes = known.codes if known is not None else np.full(len(self.table), -1)
        found = np.zeros(len(self.table), dtype=np.bool_)
        for span in condition.timeline:
            allowed = np.array([value in span.allowed for value in (*values, None)])
            found = np.where(self.between(span.from_, None), allowed[codes], found)
        return found

    def _place_in(self, condition: c.PlaceIn) -> Bools:
        area = (
            self.edition.areas[condition.area]
            if condition.area is not None
            else Area(codes=condition.codes)
        )
        match condition.which:
            case "start":
                return self._inside("place", area)
            case "end":
                return self._inside("end_place", area)
            case "both":
                return self._inside("place", area) & self._inside("end_place", area)
            case "either":
                return self._inside("place", area) | self._inside("end_place", area)

    def _inside(self, place: str, area: Area) -> Bools:
        inside = prepare_area(area)

        def asked(value: Place) -> int:
            try:
                return int(inside(value))
            except ActIncompleteError:
                return -1

        answers = self._per_place(place, asked, 0)
        self.odd |= answers < 0
        return answers > 0

    def _per_place(self, place: str, ask: Callable[[Place], int], missing: int) -> Ints:
        known = self.table.coded.get(place)
        if known is None:
            return np.full(len(self.table), missing, dtype=np.int32)
        answers = np.full(len(known.values) + 1, missing, dtype=np.int32)
        used = np.unique(known.codes)
        for code in used[used >= 0].tolist():
            answers[code] = ask(known.values[code])
        return answers[known.codes]


def names_code(names: dict[str, int], name: str) -> int:
    """Return the number of a name, a new one when it is new."""
    return names.setdefault(name, len(names))


def period_number(period: str, days: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number per row that is equal exactly when the calendar period is."""
    if period == "all":
        return np.zeros(len(days), dtype=np.int64)
    if period == "day":
        return days
    if period == "week":
        # Ordinal 1 (0001-01-01) is a Monday, so ISO weeks begin where (ordinal - 1) % 7 is 0.
        return (days - 1) // 7
    low = int(days.min()) if len(days) else 1
    span = int(days.max()) - low + 1 if len(days) else 0
    table = [_month_or_year(period, date.fromordinal(low + at)) for at in range(span)]
    return np.array(table, dtype=np.int64)[days - low]


def _month_or_year(period: str, day: date) -> int:
    return day.year if period == "year" else day.year * 12 + day.month


def _asked(test: Callable[[Act], bool], column: str, values: list[Any]) -> tuple[Bools, Bools]:
    answers, odd = np.zeros(len(values), dtype=np.bool_), np.zeros(len(values), dtype=np.bool_)
    for at, value in enumerate(values):
        facts = {} if value is None else {column: value}
        try:
            answers[at] = test(Act(kind="", occurred_at=EPOCH, **facts))
        except ActIncompleteError:
            odd[at] = True
    return answers, odd
