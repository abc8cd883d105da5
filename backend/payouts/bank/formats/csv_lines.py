"""A CSV of answers, for banks whose portal offers nothing better.

```
reference;statut;montant;motif
0A1B…;retourne;12,50;AC04
2C3D…;paye;8,00;
```
"""

import csv
import io

from backend.payouts.bank.formats.line import BankLine, Verdict
from backend.payouts.bank.formats.xml import cents_of
from backend.payouts.errors import BankReportUnreadableError

_NAMES = {
    "reference": ("reference", "référence", "end_to_end_id", "endtoendid"),
    "verdict": ("statut", "status"),
    "amount": ("montant", "amount"),
    "reason": ("motif", "reason", "code"),
}
_VERDICTS = {
    "paye": Verdict.PAID,
    "payé": Verdict.PAID,
    "paid": Verdict.PAID,
    "retourne": Verdict.RETURNED,
    "retourné": Verdict.RETURNED,
    "returned": Verdict.RETURNED,
    "rejete": Verdict.RETURNED,
    "rejeté": Verdict.RETURNED,
}


def read(content: bytes) -> list[BankLine]:
    """Return the lines.

    Raises:
        BankReportUnreadableError: A column is missing or a cell makes no sense; says where.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BankReportUnreadableError("it is not UTF-8") from error
    head = text.partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=";" if ";" in head else ",")
    try:
        columns = _columns(next(rows, []))
        return [_line(number, row, columns) for number, row in enumerate(rows, 2) if any(row)]
    except csv.Error as error:
        raise BankReportUnreadableError(f"it is broken CSV ({error})") from error


def _columns(head: list[str]) -> dict[str, int]:
    cells = [cell.strip().lower() for cell in head]
    found = {
        what: next((cells.index(name) for name in names if name in cells), -1)
        for what, names in _NAMES.items()
    }
    missing = [_NAMES[what][0] for what in ("reference", "verdict") if found[what] < 0]
    if missing:
        raise BankReportUnreadableError(f"column {missing[0]!r} is missing")
    return found


def _line(number: int, row: list[str], columns: dict[str, int]) -> BankLine:
    def cell(what: str) -> str:
        at = columns[what]
        return row[at].strip() if 0 <= at < len(row) else ""

    verdict = _VERDICTS.get(cell("verdict").lower())
    if not cell("reference") or verdict is None:
        raise BankReportUnreadableError(f"line {number} has no reference or no known status")
    amount = cents_of(cell("amount").replace(",", "."))
    if cell("amount") and amount is None:
        raise BankReportUnreadableError(f"line {number} has no readable amount")
    return BankLine(
        end_to_end_id=cell("reference"),
        verdict=verdict,
        euro_cents=amount,
        reason_code=cell("reason").upper(),
    )
