"""Answers of banks: one reader per format, one kind of line."""

from backend.payouts.bank.formats import camt, csv_lines, pain002
from backend.payouts.bank.formats.line import BankLine, Verdict
from backend.payouts.bank.formats.xml import root_of
from backend.payouts.errors import BankReportUnreadableError

MAX_BYTES = 20_000_000
"""A camt.053 of 5,000 lines has some 5 MB."""

__all__ = ["MAX_BYTES", "BankLine", "Verdict", "read"]


def read(content: bytes) -> tuple[str, list[BankLine]]:
    """Read an answer of the bank.

    Returns:
        The format ("pain.002", "camt" or "csv") and its lines about transfers of ours.
    Raises:
        BankReportUnreadableError: It is none of the formats, too large, or names no transfer.
    """
    if len(content) > MAX_BYTES:
        raise BankReportUnreadableError("it is larger than 20 MB")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        root = root_of(content)
        message = root[0].tag if len(root) else ""
        if message == "CstmrPmtStsRpt":
            kind, lines = "pain.002", pain002.read(root)
        elif message.startswith("BkToCstmr"):
            kind, lines = "camt", camt.read(root)
        else:
            raise BankReportUnreadableError("it is another kind of XML")
    else:
        kind, lines = "csv", csv_lines.read(content)
    if not lines:
        raise BankReportUnreadableError("it names no transfer")
    return kind, lines
