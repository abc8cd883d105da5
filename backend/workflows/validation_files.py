"""Read lists of ticket validations: CSV of an operator, row by row, with its faults named."""

import csv
import io
from collections.abc import Mapping
from datetime import datetime

from backend.trips.errors import ValidationFileError
from backend.workflows.admit_validations import MAX_VALIDATIONS, Validation

COLUMNS = ("holder", "serial", "mode", "distance_m", "started_at", "ended_at")
MAX_BYTES = 2_000_000


def read_csv(content: bytes) -> list[Validation | str]:
    """Read a CSV (UTF-8, comma or semicolon) with the columns holder, serial, mode,
    distance_m, started_at, ended_at; times are ISO 8601 with a zone.

    Returns:
        Per row the validation, or what is wrong with the row.
    Raises:
        ValidationFileError: Not UTF-8, a column is missing, or too many rows.
    """  # noqa: D205 - the columns belong into the first sentence
    if len(content) > MAX_BYTES:
        raise ValidationFileError(f"it is larger than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationFileError("it is not UTF-8") from error
    first = text.splitlines()[0] if text.strip() else ""
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ValidationFileError(f"it lacks the columns {', '.join(missing)}")
    rows: list[Validation | str] = []
    for row in reader:
        if len(rows) >= MAX_VALIDATIONS:
            raise ValidationFileError(f"it holds more than {MAX_VALIDATIONS} rows")
        rows.append(_read(row))
    return rows


def _read(row: Mapping[str, str | None]) -> Validation | str:
    texts = {name: (row.get(name) or "").strip() for name in COLUMNS}
    try:
        distance_m = int(texts["distance_m"])
    except ValueError:
        return "distance_m is no whole number"
    times = []
    for name in ("started_at", "ended_at"):
        try:
            at = datetime.fromisoformat(texts[name])
        except ValueError:
            return f"{name} is no ISO 8601 time"
        if at.tzinfo is None:
            return f"{name} has no time zone"
        times.append(at)
    return Validation(texts["holder"], texts["serial"], texts["mode"], distance_m, *times)
