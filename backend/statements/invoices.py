"""A month's figures of every merchant, for the invoices and the books of the metropolis."""

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True)
class InvoiceRow:
    """One merchant's month; names are the columns of the CSV.

    Attributes:
        ventes_points: Hundredths of points.
        euros_dus: Euro cents, for points burned in the month.
        commission: Euro cents: nothing is ever charged.
    """

    mois: str
    commerce_id: str
    commerce: str
    commune: str
    ventes: int
    ventes_points: int
    remboursements_points: int
    points_convertis: int
    euros_dus: int
    euros_verses: int
    commission: int


_HUNDREDTHS = frozenset(
    {"ventes_points", "remboursements_points", "points_convertis"}
    | {"euros_dus", "euros_verses", "commission"}
)


def write(rows: Iterable[InvoiceRow]) -> bytes:
    """Return the table as CSV: semicolons, dots, UTF-8 with BOM."""
    stream = io.StringIO()
    table = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    names = [field.name for field in fields(InvoiceRow)]
    table.writerow(names)
    for row in rows:
        table.writerow(
            hundredths(cell) if name in _HUNDREDTHS else cell
            for name, cell in zip(names, astuple(row), strict=True)
        )
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def hundredths(amount: int) -> str:
    """Write hundredths of points or of euro with a dot: 1250 → "12.50"."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole}.{part:02d}"
