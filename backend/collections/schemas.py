"""What comes in: weighings as lines of a table, understood or not.

Columns: `round`, `ticket`, `station`, `material`, `collected_at`, `net_kg`, and where they
are known `container` and `impurity_percent`. Commas or semicolons, decimal comma or point.
"""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from backend.collections.errors import WeighingsUnreadableError

MAX_LINES = 20_000
MAX_TEXT = 80
MAX_NET_KG = 40_000
"""Heavier than any lorry's load: a number in the wrong unit."""
ZONE = ZoneInfo("Europe/Paris")
"""A ticket without a zone was printed in local time."""
COLUMNS = ("round", "ticket", "station", "material", "collected_at", "net_kg")


@dataclass(frozen=True, slots=True)
class WeighingFacts:
    """One container of one ticket.

    Attributes:
        station: The station's id or its reference in the list that it was imported from.
        net_g: Net mass. Unit: grams.
        impurity_bps: Junk in the sorted sample, in 1/10,000 of the mass; 0 when not sampled.
    """

    round_ref: str
    ticket: str
    station: str
    material: str
    collected_at: datetime
    net_g: int
    container: str = ""
    impurity_bps: int = 0


@dataclass(frozen=True, slots=True)
class WeighingLine:
    """One line of a file; `facts` is `None` when something is wrong with it."""

    number: int
    facts: WeighingFacts | None
    problems: tuple[str, ...] = ()


def read_csv(text: str, *, known_materials: Collection[str]) -> list[WeighingLine]:
    """Read a table of weighings.

    Raises:
        WeighingsUnreadableError: A column is missing, no line, or too many.
    """
    plain = text.removeprefix("\ufeff")
    header = plain.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    rows = list(csv.DictReader(io.StringIO(plain), delimiter=delimiter))
    if not 0 < len(rows) <= MAX_LINES:
        raise WeighingsUnreadableError(f"it needs 1 to {MAX_LINES} lines below its header")
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        raise WeighingsUnreadableError(f"the columns {', '.join(missing)} are missing")
    return [read_line(number, row, known_materials) for number, row in enumerate(rows, start=2)]


def read_line(
    number: int, row: Mapping[str, object], known_materials: Collection[str]
) -> WeighingLine:
    """Understand one line; texts of all columns."""
    problems: list[str] = []
    # A line with too many cells hands the rest out as a list, a short one as `None`.
    texts = {
        name: " ".join(value.split())[:MAX_TEXT]
        for name, value in row.items()
        if isinstance(value, str)
    }
    problems += [f"{name} is empty" for name in COLUMNS if not texts.get(name)]
    if texts.get("material") and texts["material"] not in known_materials:
        problems.append(f"material {texts['material']!r} is not known")
    net_g = _scaled(texts.get("net_kg", ""), 1000, MAX_NET_KG)
    if texts.get("net_kg") and net_g is None:
        problems.append(f"net_kg {texts['net_kg']!r} is no mass from 0 to {MAX_NET_KG} kg")
    impurity_bps = _scaled(texts.get("impurity_percent") or "0", 100, 100)
    if impurity_bps is None:
        problems.append("impurity_percent is no number from 0 to 100")
    collected_at = _instant(texts.get("collected_at", ""))
    if texts.get("collected_at") and collected_at is None:
        problems.append("collected_at is no date and time such as 2026-11-12T09:30")
    if problems or net_g is None or impurity_bps is None or collected_at is None:
        return WeighingLine(number, None, tuple(problems))
    facts = WeighingFacts(
        round_ref=texts["round"],
        ticket=texts["ticket"],
        station=texts["station"],
        material=texts["material"],
        collected_at=collected_at,
        net_g=net_g,
        container=texts.get("container", ""),
        impurity_bps=impurity_bps,
    )
    return WeighingLine(number, facts)


def _scaled(text: str, factor: int, most: int) -> int | None:
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value <= most:
        return None
    return int(value * factor)


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=ZONE)
