"""A statement as CSV, for accounting programs: semicolons, dots, ISO dates, UTF-8 with BOM."""

import csv
import io

from backend.statements.invoices import hundredths
from backend.statements.rules import Statement
from backend.statements.words import ZONE, kind_text

COLUMNS = (
    "date",
    "heure",
    "type",
    "reference",
    "points",
    "points_en_caisse",
    "euros",
    "etat",
)


def write(statement: Statement) -> bytes:
    """Return movements and payouts in one table, oldest first; columns are French."""
    stream = io.StringIO()
    table = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    table.writerow(COLUMNS)
    rows = [
        (line.at, kind_text(line.kind, "fr"), line.reference, hundredths(line.units),
         hundredths(line.balance_units), "", "")
        for line in statement.lines
    ] + [
        (paid.at, "Versement", paid.reference, "", "", hundredths(paid.euro_cents), paid.state)
        for paid in statement.payouts
    ]  # fmt: skip
    for at, *cells in sorted(rows, key=lambda row: row[0]):
        local = at.astimezone(ZONE)
        table.writerow((f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}", *cells))
    return b"\xef\xbb\xbf" + stream.getvalue().encode()
