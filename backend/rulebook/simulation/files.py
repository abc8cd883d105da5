"""Reads acts for a simulation from Parquet or from one JSON object per line."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.kernel.errors import InvalidInputError
from backend.rulebook.act import Act
from backend.rulebook.act_facts import TEXTS, act_from_facts
from backend.rulebook.simulation.table import (
    CODED,
    NUMBERS,
    ActTable,
    Coded,
    Ints,
    microseconds_of,
    table_of,
)

_PLACES = ("place", "end_place")


def read_acts(path: Path) -> ActTable:
    """Read acts in the order of the file.

    Parquet columns are the facts of an act; places are `place.commune`, `place.lat` and so on;
    `occurred_at` is a timestamp with a time zone or ISO 8601 text. In JSON lines places may be
    objects as well. Facts and formats: docs/rulebook.md.

    Raises:
        InvalidInputError: A column is unknown or a value has the wrong kind.
    """
    if path.suffix == ".parquet":
        return table_from_arrow(_ParquetColumns(path))
    return table_of(_json_acts(path))


class ArrowColumns(Protocol):
    """Named columns, given one by one; an Arrow table is one."""

    @property
    def column_names(self) -> list[str]:
        """Names of all columns."""

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """Return one column."""


class _ParquetColumns:
    """Columns of a file, read when asked, so that no more than one is in Arrow's memory."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path)
        self.column_names: list[str] = list(self._file.schema_arrow.names)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        pa.default_memory_pool().release_unused()
        return self._file.read(columns=[name])[name]


def table_from_arrow(table: ArrowColumns) -> ActTable:
    """Turn an Arrow table into columns without making an object per act.

    Raises:
        InvalidInputError: A column is unknown or has the wrong type.
    """
    known = {"occurred_at", *NUMBERS, *CODED}
    for name in table.column_names:
        if name not in known and name.partition(".")[0] not in _PLACES:
            raise _problem(name, "no such fact of an act")
    if "occurred_at" not in table.column_names:
        raise _problem("occurred_at", "is missing")
    numbers = {name: _numbers(name, table[name]) for name in NUMBERS if name in table.column_names}
    coded = {name: _coded(name, table[name]) for name in CODED if name in table.column_names}
    for place in _PLACES:
        parts = [name for name in table.column_names if name.startswith(f"{place}.")]
        if parts:
            coded[place] = _places(place, parts, table)
    return ActTable(_instants(table["occurred_at"]), numbers, coded)


def _json_acts(path: Path) -> Iterator[Act]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield act_from_facts(json.loads(line, parse_float=Decimal))
            except (ValueError, AttributeError) as error:
                raise _problem(f"line {number}", f"is no JSON object ({error})") from error
            except InvalidInputError as error:
                raise _problem(f"line {number}", error.message) from error


def _numbers(name: str, column: pa.ChunkedArray) -> Ints:
    if not pa.types.is_integer(column.type):
        raise _problem(name, f"must hold whole numbers, not {column.type}")
    # Four bytes are enough for 32-bit columns: their own smallest value marks the missing.
    is_small = column.type in (pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16())
    kind = np.int32 if is_small else np.int64
    filled = pc.fill_null(column.cast(pa.from_numpy_dtype(kind)), int(np.iinfo(kind).min))
    return np.asarray(filled.to_numpy(), dtype=kind)


def _instants(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of int64
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None:
            raise _problem("occurred_at", "needs a time zone")
        return np.asarray(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
    facts = ({"kind": "", "occurred_at": text} for text in column.to_pylist())
    found = [microseconds_of(act_from_facts(item).occurred_at) for item in facts]
    return np.array(found, dtype=np.int64)


class ArrowTexts(Sequence[str]):
    """Distinct texts that stay in Arrow's memory: ten million names are no Python objects."""

    def __init__(self, texts: pa.Array) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, code: Any) -> Any:  # noqa: ANN401 - one code only, the protocol allows slices
        return self._texts[code].as_py()


def _coded(name: str, column: pa.ChunkedArray) -> Coded:
    if name in TEXTS and not pa.types.is_null(column.type):
        codes, texts = _dictionary(column)
        if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
            raise _problem(name, f"must hold text, not {column.type}")
        return Coded(codes, ArrowTexts(texts))
    codes, raw = _encoded(column)
    values = [getattr(_act_with({name: value}), name) for value in raw]
    return Coded(codes, values)


def _encoded(column: pa.ChunkedArray) -> tuple[Ints, list[Any]]:
    if pa.types.is_list(column.type):
        texts = pa.array([None if v is None else json.dumps(v) for v in column.to_pylist()])
        codes, values = _encoded(pa.chunked_array([texts]))
        return codes, [json.loads(value) for value in values]
    codes, values = _dictionary(column)
    return codes, values.to_pylist()


def _dictionary(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    array = column.combine_chunks()
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int32()), -1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), np.int32), encoded.dictionary


def _places(place: str, parts: list[str], table: ArrowColumns) -> Coded:
    """Give each distinct combination of a place's columns one code."""
    columns = [_encoded(table[part]) for part in parts]
    codes, first = _combined([codes for codes, _ in columns])
    values = []
    for row in first.tolist():
        facts = {
            part: known[int(column[row])]
            for part, (column, known) in zip(parts, columns, strict=True)
            if column[row] >= 0
        }
        values.append(getattr(_act_with(facts), place) if facts else None)
    nowhere = np.array([value is None for value in values], dtype=np.bool_)
    return Coded(np.where(nowhere[codes], -1, codes).astype(np.int32), values)


def _combined(columns: list[Ints]) -> tuple[npt.NDArray[np.int32], Ints]:
    """Number the distinct combinations of columns; return a number and a first row for each."""
    mixed = np.zeros(len(columns[0]), dtype=np.int64)
    first: Ints = np.zeros(0, dtype=np.int64)
    for codes in columns:
        mixed = mixed * (int(codes.max(initial=-1)) + 2) + codes + 1
        _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
        mixed = inverse.reshape(-1).astype(np.int64)
    return mixed.astype(np.int32), first


def _act_with(facts: dict[str, Any]) -> Act:
    return act_from_facts({"kind": "", "occurred_at": "2000-01-01T00:00:00Z"} | facts)


def _problem(where: str, problem: str) -> InvalidInputError:
    return InvalidInputError(
        "acts_invalid",
        f"The acts cannot be read: {where}: {problem}.",
        errors=[{"path": where, "problem": problem, "example": "see docs/rulebook.md"}],
    )
