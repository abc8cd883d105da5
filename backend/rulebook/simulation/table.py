"""Acts as columns: ten million of them fit in a few hundred megabytes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from backend.rulebook.act import Act, Place

Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]

MISSING_CODE = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PART = 50_000
_MICROSECOND = timedelta(microseconds=1)

NUMBERS = (
    "count",
    "mass_g",
    "distance_m",
    "duration_s",
    "seats",
    "driver_revenue_units",
    "passenger_contribution_units",
)
CODED = (
    "kind",
    "proof_level",
    "material",
    "mode",
    "place",
    "end_place",
    "person_ref",
    "driver_ref",
    "passenger_ref",
    "operator_trip_ref",
    "station_ref",
    "merchant_ref",
    "operator",
    "operator_class",
    "passenger_adult",
    "person_tags",
    "processed_on",
)
DEFAULTS: dict[str, Any] = {"kind": "", "proof_level": "P2", "person_tags": frozenset()}


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of repeated values: a code per row and the values; code -1 is missing."""

    codes: Ints
    values: Sequence[Any]

    def __getitem__(self, row: int) -> Any:  # noqa: ANN401 - whatever the column holds
        code = int(self.codes[row])
        return None if code < 0 else self.values[code]

    def decoded(self, default: Any) -> list[Any]:  # noqa: ANN401 - whatever the column holds
        """Return the value of every row, `default` where it is missing."""
        values = self.values
        return [default if code < 0 else values[code] for code in self.codes.tolist()]


def missing_number(column: Ints) -> int:
    """Return the value that marks a missing number in a column: the smallest of its type."""
    return int(np.iinfo(column.dtype).min)


@dataclass(frozen=True, slots=True)
class ActTable:
    """Acts in the order in which they are evaluated.

    Args:
        occurred_us: Microseconds since 1970 in UTC.
        numbers: Columns of `NUMBERS`; an absent column is missing everywhere.
        coded: Columns of `CODED`; an absent column is missing (proof level: P2) everywhere.
    """

    occurred_us: npt.NDArray[np.int64]
    numbers: dict[str, Ints]
    coded: dict[str, Coded]

    def __len__(self) -> int:
        return len(self.occurred_us)

    def act(self, row: int) -> Act:
        """Return one row as the engine sees it."""
        facts: dict[str, Any] = dict(DEFAULTS)
        for name, numbers in self.numbers.items():
            number = int(numbers[row])
            facts[name] = None if number == missing_number(numbers) else number
        for name, column in self.coded.items():
            value = column[row]
            facts[name] = DEFAULTS.get(name) if value is None else value
        return Act(occurred_at=instant(int(self.occurred_us[row])), **facts)

    def acts(self) -> Iterator[Act]:
        """Return all rows as the engine sees them, in order."""
        for start in range(0, len(self), _PART):
            yield from _acts_of(self.slice(start, start + _PART))

    def slice(self, start: int, end: int) -> "ActTable":
        """Return consecutive rows; nothing is copied."""
        return ActTable(
            self.occurred_us[start:end],
            {name: column[start:end] for name, column in self.numbers.items()},
            {name: Coded(col.codes[start:end], col.values) for name, col in self.coded.items()},
        )

    def take(self, rows: npt.NDArray[np.intp]) -> "ActTable":
        """Return the listed rows as a table of their own; values are shared."""
        return ActTable(
            self.occurred_us[rows],
            {name: column[rows] for name, column in self.numbers.items()},
            {name: Coded(col.codes[rows], col.values) for name, col in self.coded.items()},
        )


def _acts_of(table: ActTable) -> Iterator[Act]:
    """Make acts by position: every column in the order of the act's own fields."""
    return map(Act, *(_values_of(table, field.name) for field in fields(Act)))


def _values_of(table: ActTable, name: str) -> list[Any]:
    if name == "occurred_at":
        return [instant(at) for at in table.occurred_us.tolist()]
    if name in NUMBERS:
        numbers = table.numbers.get(name)
        return [None] * len(table) if numbers is None else _optional(numbers)
    coded, default = table.coded.get(name), DEFAULTS.get(name)
    return [default] * len(table) if coded is None else coded.decoded(default)


def _optional(column: Ints) -> list[int | None]:
    missing = missing_number(column)
    return [None if value == missing else value for value in column.tolist()]


def instant(microseconds: int) -> datetime:
    """Return an instant from microseconds since 1970."""
    return EPOCH + microseconds * _MICROSECOND


def microseconds_of(at: datetime) -> int:
    """Return microseconds since 1970, exactly."""
    return (at - EPOCH) // _MICROSECOND


def place_codes(table: ActTable, level: str) -> set[str]:
    """Return the codes of a level that places of the acts carry; empty when none says it."""
    coded = table.coded.get("place")
    places = [] if coded is None else coded.values
    return {place.codes[level] for place in places if level in place.codes}


def table_of(acts: Iterable[Act]) -> ActTable:
    """Collect acts into columns, in the order given."""
    occurred: list[int] = []
    numbers: dict[str, list[int | None]] = {name: [] for name in NUMBERS}
    encoders = {name: _Encoder() for name in CODED}
    for act in acts:
        occurred.append(microseconds_of(act.occurred_at))
        for name, column in numbers.items():
            column.append(getattr(act, name))
        for name, encoder in encoders.items():
            encoder.add(getattr(act, name))
    return ActTable(
        np.array(occurred, dtype=np.int64),
        {
            name: _numbers(column)
            for name, column in numbers.items()
            if any(value is not None for value in column)
        },
        {name: encoder.column() for name, encoder in encoders.items() if encoder.values},
    )


def _numbers(values: list[int | None]) -> Ints:
    missing = int(np.iinfo(np.int64).min)
    return np.array([missing if value is None else value for value in values], dtype=np.int64)


class _Encoder:
    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: list[int] = []
        self._known: dict[Any, int] = {}

    def add(self, value: Any) -> None:  # noqa: ANN401 - whatever the column holds
        if value is None:
            self._codes.append(MISSING_CODE)
            return
        key = _place_key(value) if isinstance(value, Place) else value
        code = self._known.get(key)
        if code is None:
            code = self._known[key] = len(self.values)
            self.values.append(value)
        self._codes.append(code)

    def column(self) -> Coded:
        return Coded(np.array(self._codes, dtype=np.int32), self.values)


def _place_key(place: Place) -> tuple[Any, ...]:
    return (tuple(sorted(place.codes.items())), place.lat, place.lon)
