"""Reads acts for a simulation from Parquet or from one JSON object per line."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from backend.kernel.errors import InvalidInputError
from backend.rulebook.act import Act
from backend.rulebook.act_facts import act_from_facts
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
        return table_from_arrow(pq.read_table(path))
    return table_of(_json_acts(path))


def table_from_arrow(table: pa.Table) -> ActTable:
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
    missing = int(np.iinfo(np.int64).min)
    filled = pc.fill_null(column.cast(pa.int64()), missing)
    return np.asarray(filled.to_numpy(), dtype=np.int64)


def _instants(column: pa.ChunkedArray) -> Any:  # noqa: ANN401 - an array of int64
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None:
            raise _problem("occurred_at", "needs a time zone")
        return np.asarray(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy())
    facts = ({"kind": "", "occurred_at": text} for text in column.to_pylist())
    found = [microseconds_of(act_from_facts(item).occurred_at) for item in facts]
    return np.array(found, dtype=np.int64)


def _coded(name: str, column: pa.ChunkedArray) -> Coded:
    codes, raw = _encoded(column)
    values = [getattr(_act_with({name: value}), name) for value in raw]
    return Coded(codes, values)


def _encoded(column: pa.ChunkedArray) -> tuple[Ints, list[Any]]:
    if pa.types.is_list(column.type):
        texts = pa.array([None if v is None else json.dumps(v) for v in column.to_pylist()])
        codes, values = _encoded(pa.chunked_array([texts]))
        return codes, [json.loads(value) for value in values]
    array = column.combine_chunks()
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int32()), -1)
    return np.asarray(
        codes.to_numpy(zero_copy_only=False), np.int32
    ), encoded.dictionary.to_pylist()


def _places(place: str, parts: list[str], table: pa.Table) -> Coded:
    """Give each distinct combination of a place's columns one code."""
    columns = [_encoded(table[part]) for part in parts]
    mixed = np.stack([codes for codes, _ in columns])
    distinct, inverse = np.unique(mixed, axis=1, return_inverse=True)
    values = []
    for row in distinct.T.tolist():
        facts = {
            part: known[code]
            for part, code, (_, known) in zip(parts, row, columns, strict=True)
            if code >= 0
        }
        values.append(getattr(_act_with(facts), place) if facts else None)
    codes = inverse.reshape(-1).astype(np.int32)
    nowhere = np.array([value is None for value in values], dtype=np.bool_)
    return Coded(np.where(nowhere[codes], -1, codes).astype(np.int32), values)


def _act_with(facts: dict[str, Any]) -> Act:
    return act_from_facts({"kind": "", "occurred_at": "2000-01-01T00:00:00Z"} | facts)


def _problem(where: str, problem: str) -> InvalidInputError:
    return InvalidInputError(
        "acts_invalid",
        f"The acts cannot be read: {where}: {problem}.",
        errors=[{"path": where, "problem": problem, "example": "see docs/rulebook.md"}],
    )
