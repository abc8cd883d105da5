"""Pure words of payouts: their life, their files, their references.

```
              burn is final
                   │
     held ◄──────► due ◄────────────┐ corrected, tried again
   (a person       │ ▲              │
    or time        ▼ │ withdrawn    │
    releases)    in_file ──► sent ──► returned
                              │         ▲
                              ▼         │ late return
                             paid ──────┘
```

A file goes drafted → released (by a second person) → sent, or is withdrawn before that. One that
a restored backup does not know, or knows as withdrawn, is drafted once more when it is found.
Triggers of the database hold the same two tables.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from text_unidecode import unidecode  # sepaxml, which writes the files, brings it

MAX_FILE_ITEMS = 5_000
"""Payouts per file; banks take up to 99,999, and a person still has to look at it."""
MAX_REFERENCE_CHARS = 35
"""Length of EndToEndId and MsgId in ISO 20022 (Max35Text)."""
MAX_NAME_CHARS = 70
"""Max70Text: banks cut or refuse longer names."""
_NOT_OF_BANKS = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]+")
"""What is outside the Latin set that every bank takes (EPC217-08)."""
_REFERENCE_HEX = 32
_REFERENCE = re.compile(r"(?P<ref>[0-9A-F]{32})(?:-(?P<attempt>[2-9]|[1-9]\d))?", re.ASCII)
_MESSAGE = re.compile(r"CAL(?P<id>[0-9A-F]{32})", re.ASCII)
_SATURDAY = 5


class PayoutState(StrEnum):
    """Life of a payout."""

    DUE = "due"
    """Owed: the points are burned for good."""
    HELD = "held"
    """Owed and set aside until a time or a person's word; the reasons are stored."""
    IN_FILE = "in_file"
    """In a file that is drafted or released."""
    SENT = "sent"
    """In a file that the bank has."""
    PAID = "paid"
    """The bank says that the money went out."""
    RETURNED = "returned"
    """The bank sent it back; owed again once tried again."""


class FileState(StrEnum):
    """Life of a file for the bank."""

    DRAFTED = "drafted"
    """Made by one person; nothing has left."""
    RELEASED = "released"
    """Approved by another person."""
    SENT = "sent"
    """Handed to the bank."""
    WITHDRAWN = "withdrawn"
    """Taken back before it was released; its payouts are due again."""


class ItemState(StrEnum):
    """What became of one payout's place in one file."""

    WAITING = "waiting"
    """The bank has not answered."""
    PAID = "paid"
    """Paid out."""
    RETURNED = "returned"
    """Refused or sent back."""
    WITHDRAWN = "withdrawn"
    """The file was taken back."""


MOVES: Mapping[PayoutState, frozenset[PayoutState]] = MappingProxyType(
    {
        PayoutState.DUE: frozenset({PayoutState.HELD, PayoutState.IN_FILE}),
        PayoutState.HELD: frozenset({PayoutState.DUE}),
        PayoutState.IN_FILE: frozenset({PayoutState.DUE, PayoutState.SENT}),
        PayoutState.SENT: frozenset({PayoutState.PAID, PayoutState.RETURNED}),
        PayoutState.PAID: frozenset({PayoutState.RETURNED}),
        PayoutState.RETURNED: frozenset({PayoutState.DUE}),
    }
)
"""The one table of a payout's life."""

FILE_MOVES: Mapping[FileState, frozenset[FileState]] = MappingProxyType(
    {
        FileState.DRAFTED: frozenset({FileState.RELEASED, FileState.WITHDRAWN}),
        FileState.RELEASED: frozenset({FileState.SENT}),
        FileState.SENT: frozenset(),
        # Found after a restore that withdrew it: the bank has had it since.
        FileState.WITHDRAWN: frozenset({FileState.DRAFTED}),
    }
)
"""The one table of a file's life."""

LIVE_ITEMS = (ItemState.WAITING, ItemState.PAID)
"""A payout has at most one place in such a state: a unique index forbids paying twice."""

ACCOUNT_REASONS = frozenset({"AC01", "AC04", "AC06", "AG01", "BE01", "MD07", "RC01"})
"""Return reasons that the same account number would meet again (ISO 20022 external codes):
wrong number, closed, blocked, transfers forbidden, holder does not fit, holder dead, wrong BIC."""


@dataclass(frozen=True)
class Payee:
    """Whom the bank pays.

    Attributes:
        name: Holder of the account.
        iban: Without spaces.
        bic: "" when the bank finds it by itself.
    """

    name: str
    iban: str
    bic: str = ""


def end_to_end_id(payout_ref: str, attempt: int) -> str:
    """Return the reference that chain, file and bank statement share.

    Args:
        payout_ref: 32 bytes, 0x-hex, as burned with.
        attempt: 1 for the first file that a payout is in.
    Returns:
        The first 128 bits of the payout reference in capitals, and "-2" and so on for a
        later attempt: at most 35 characters.
    """
    reference = payout_ref.removeprefix("0x")[:_REFERENCE_HEX].upper()
    return reference if attempt == 1 else f"{reference}-{attempt}"


def parse_end_to_end_id(reference: str) -> tuple[str, int] | None:
    """Return the beginning of the payout reference (0x-hex) and the attempt; `None` if not ours."""
    found = _REFERENCE.fullmatch(reference)
    return ("0x" + found["ref"].lower(), int(found["attempt"] or 1)) if found else None


def message_id(file_id: str) -> str:
    """Return the reference of a file; sent twice, the bank knows it by it."""
    return "CAL" + file_id[:_REFERENCE_HEX].upper()


def parse_message_id(reference: str) -> str | None:
    """Return the id of the file that bears a reference; `None` when it is not ours."""
    found = _MESSAGE.fullmatch(reference)
    return found["id"].lower() if found else None


def latin(text: str) -> str:
    """Write a text in the letters that every bank takes; "" when nothing of it is left."""
    spelled = unidecode(text).replace("&", "+")
    return " ".join(_NOT_OF_BANKS.sub(" ", spelled).split())


def next_bank_day(day: date) -> date:
    """Return the next day on which SEPA credit transfers settle (TARGET calendar of the ECB)."""
    found = day + timedelta(days=1)
    while found.weekday() >= _SATURDAY or _is_target_holiday(found):
        found += timedelta(days=1)
    return found


def masked_iban(iban: str) -> str:
    """Return an account number as pages show it: "FR76 … 0189"."""
    return f"{iban[:4]} … {iban[-4:]}"


def needs_other_account(reason_code: str) -> bool:
    """Tell whether a return asks for another account number before the next try."""
    return reason_code in ACCOUNT_REASONS


def _is_target_holiday(day: date) -> bool:
    if (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}:
        return True
    return day - _easter(day.year) in {timedelta(days=-2), timedelta(days=1)}


def _easter(year: int) -> date:
    """Return Easter Sunday (anonymous Gregorian computus, Nature 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)
