"""Answers of the bank: each line moves its payout once, whatever is imported again."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_or_skip
from backend.kernel.ids import new_id
from backend.ledger import names
from backend.ledger import service as ledger
from backend.payouts import service
from backend.payouts.bank import formats
from backend.payouts.bank.formats import BankLine, Verdict
from backend.payouts.errors import BankReportKnownError
from backend.payouts.models import BankAccount, BankReport, Payout, PayoutFile, PayoutItem
from backend.payouts.rules import ItemState, PayoutState, needs_other_account

_CHUNK = 500
"""References asked for at once: databases limit the parameters of a statement."""


class Effect(StrEnum):
    """What was done about a line."""

    PAID = "paid"
    RETURNED = "returned"
    UNCHANGED = "unchanged"
    """The bank has not decided, or said the same before."""
    UNKNOWN = "unknown"
    """No transfer of ours bears this reference."""
    AMOUNT_DIFFERS = "amount_differs"
    """The bank names another amount: a person has to look."""
    NOT_SENT = "not_sent"
    """The file has not been handed to the bank: a person has to look."""


DIFFERENCES = frozenset({Effect.UNKNOWN, Effect.AMOUNT_DIFFERS, Effect.NOT_SENT})
"""Effects that a treasurer has to look into."""


@dataclass
class _Books:
    """Legs of the one transfer that an import books."""

    legs: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, source: str, target: str, cents: int) -> None:
        self.legs[source] -= cents
        self.legs[target] += cents


def import_report(
    session: Session, *, content: bytes, name: str, by: str, at: datetime
) -> BankReport:
    """Read an answer of the bank and do what it says.

    Raises:
        BankReportUnreadableError: It is no answer of a bank; nothing was changed.
        BankReportKnownError: The same bytes were imported before, and none of its lines came
            too early; nothing was changed.
    Effects: bank_report; payouts PAID or RETURNED; one ledger transfer; accounts that the
        bank refuses are flagged.
    """
    kind, lines = formats.read(content)
    row = BankReport(
        sha256=hashlib.sha256(content).hexdigest(),
        name=name[:120],
        kind=kind,
        lines=[],
        imported_by=by,
        imported_at=at,
    )
    books = _Books()
    single = _single(session, lines)
    items = _items(session, [line.end_to_end_id for line in single])
    for line in single:
        found = items.get(line.end_to_end_id)
        effect = Effect.UNKNOWN if found is None else _apply(session, line, *found, books, at)
        row.lines.append(_told(line, effect, found))
    if insert_or_skip(session, row) is None:
        row = _told_again(session, row)
    if books.legs:
        ledger.transfer(
            session,
            # An answer that came before its file was booked is imported again.
            reference=f"bank_report/{row.id}/{new_id()}",
            kind="bank_answered",
            legs=books.legs,
            at=at,
        )
    return row


def _told_again(session: Session, row: BankReport) -> BankReport:
    statement = select(BankReport).where(col(BankReport.sha256) == row.sha256)
    known = session.exec(statement).one()
    if not any(line["effect"] == Effect.NOT_SENT for line in known.lines):
        raise BankReportKnownError
    known.lines, known.imported_by, known.imported_at = row.lines, row.imported_by, row.imported_at
    session.add(known)
    session.flush()
    return known


def _single(session: Session, lines: Iterable[BankLine]) -> list[BankLine]:
    """Write an answer about a whole file as one line per transfer of it."""
    single: list[BankLine] = []
    for line in lines:
        single += [line] if line.end_to_end_id else _spread(session, line)
    return single


def _spread(session: Session, line: BankLine) -> Sequence[BankLine]:
    statement = (
        select(PayoutItem.end_to_end_id)
        .join(PayoutFile, col(PayoutFile.id) == col(PayoutItem.file_id))
        .where(
            col(PayoutFile.message_id) == line.message_id,
            col(PayoutItem.state) == ItemState.WAITING,
        )
        .order_by(col(PayoutItem.end_to_end_id))
    )
    found = session.exec(statement).all()
    if not found:
        return [BankLine(line.message_id, line.verdict, line.message_id)]
    return [
        BankLine(reference, line.verdict, line.message_id, reason_code=line.reason_code)
        for reference in found
    ]


def _items(session: Session, references: Sequence[str]) -> dict[str, tuple[PayoutItem, Payout]]:
    found: dict[str, tuple[PayoutItem, Payout]] = {}
    for start in range(0, len(references), _CHUNK):
        statement = (
            select(PayoutItem, Payout)
            .join(Payout, col(Payout.id) == col(PayoutItem.payout_id))
            .where(col(PayoutItem.end_to_end_id).in_(references[start : start + _CHUNK]))
        )
        for item, payout in session.exec(statement).all():
            found[item.end_to_end_id] = (item, payout)
    # They leave the session, because each update looks at every row in it: five thousand
    # transfers took three minutes for that. The updates themselves say what stood before.
    for row in {id(row): row for pair in found.values() for row in pair}.values():
        session.expunge(row)
    return found


def _apply(
    session: Session,
    line: BankLine,
    item: PayoutItem,
    payout: Payout,
    books: _Books,
    at: datetime,
) -> Effect:
    if line.euro_cents is not None and line.euro_cents != item.euro_cents:
        return Effect.AMOUNT_DIFFERS
    if item.state == ItemState.WAITING and payout.state == PayoutState.IN_FILE:
        return Effect.NOT_SENT
    if line.verdict == Verdict.PAID:
        return _pay(session, item, payout, books, at)
    if line.verdict == Verdict.RETURNED:
        return _return(session, line, item, payout, books)
    return Effect.UNCHANGED


def _pay(session: Session, item: PayoutItem, payout: Payout, books: _Books, at: datetime) -> Effect:
    if not _move_item(session, item, ItemState.WAITING, ItemState.PAID):
        return Effect.UNCHANGED
    service.must_move(session, payout.id, PayoutState.SENT, PayoutState.PAID, paid_at=at)
    books.add(names.on_the_way(payout.merchant_id), names.PAID, item.euro_cents)
    return Effect.PAID


def _return(
    session: Session, line: BankLine, item: PayoutItem, payout: Payout, books: _Books
) -> Effect:
    for state, payout_state, source in (
        (ItemState.WAITING, PayoutState.SENT, names.on_the_way(payout.merchant_id)),
        (ItemState.PAID, PayoutState.PAID, names.PAID),
    ):
        if _move_item(session, item, state, ItemState.RETURNED, line.reason_code):
            service.must_move(session, payout.id, payout_state, PayoutState.RETURNED, paid_at=None)
            books.add(source, names.returned(payout.merchant_id), item.euro_cents)
            if needs_other_account(line.reason_code):
                _flag(session, payout.merchant_id, item.payee_iban, line.reason_code)
            return Effect.RETURNED
    return Effect.UNCHANGED


def _move_item(
    session: Session,
    item: PayoutItem,
    source: ItemState,
    target: ItemState,
    reason_code: str | None = None,
) -> bool:
    done = session.execute(
        update(PayoutItem)
        .where(col(PayoutItem.end_to_end_id) == item.end_to_end_id, col(PayoutItem.state) == source)
        .values(state=target, reason_code=reason_code)
        .returning(col(PayoutItem.end_to_end_id))
    )
    return done.scalar_one_or_none() is not None


def _flag(session: Session, merchant_id: str, iban: str, reason_code: str) -> None:
    session.execute(
        update(BankAccount)
        .where(col(BankAccount.merchant_id) == merchant_id, col(BankAccount.iban) == iban)
        .values(refused_reason=reason_code)
    )


def _told(
    line: BankLine, effect: Effect, found: tuple[PayoutItem, Payout] | None
) -> dict[str, Any]:
    return {
        "reference": line.end_to_end_id,
        "effect": effect.value,
        "reason": line.reason_code,
        "bank_cents": line.euro_cents,
        "our_cents": found[0].euro_cents if found else None,
        "merchant_id": found[1].merchant_id if found else None,
    }
