"""Files for the bank: drafted by one person, released by another, sent by a job.

A process may be killed between any two steps: a file keeps its bytes and its name, and a
payout is in one live file at most (`payout_item`).
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from backend.kernel.errors import NotFoundError
from backend.kernel.ids import new_id
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.ledger import service as ledger
from backend.payouts import queries
from backend.payouts.bank import sepa
from backend.payouts.errors import (
    FileNotOpenError,
    NothingToPayError,
    ReserveShortError,
    SecondPersonNeededError,
)
from backend.payouts.models import BankAccount, Payout, PayoutFile, PayoutItem
from backend.payouts.rules import (
    MAX_FILE_ITEMS,
    FileState,
    ItemState,
    Payee,
    PayoutState,
    end_to_end_id,
    message_id,
)


def draft(
    session: Session, *, debtor: Payee, by: str, at: datetime, execution_on: date
) -> PayoutFile:
    """Put due payouts into a file for the bank; nothing leaves yet.

    Raises:
        NothingToPayError: None is due and has a usable account.
    Effects: payout_file DRAFTED, a payout_item each, payouts IN_FILE.
    """
    found = session.exec(
        select(Payout, BankAccount)
        .join(BankAccount, col(BankAccount.merchant_id) == col(Payout.merchant_id))
        .where(col(Payout.state) == PayoutState.DUE, col(BankAccount.refused_reason).is_(None))
        .order_by(col(Payout.id))
        .limit(MAX_FILE_ITEMS)
        .with_for_update(of=Payout, skip_locked=True)
    ).all()
    if not found:
        raise NothingToPayError
    file_id = new_id()
    items = sorted((_item(payout, to, file_id) for payout, to in found), key=_by_reference)
    order = sepa.Order(message_id(file_id), debtor, at, execution_on)
    bics = {to.iban: to.bic for _, to in found}
    content = sepa.write(order, (_credit(item, bics[item.payee_iban], at) for item in items))
    made = PayoutFile(
        id=file_id,
        message_id=order.message_id,
        item_count=len(items),
        euro_cents=sum(item.euro_cents for item in items),
        execution_on=execution_on,
        xml=content.decode(),
        sha256=hashlib.sha256(content).hexdigest(),
        prepared_by=by,
        prepared_at=at,
    )
    session.add(made)
    session.flush()
    session.add_all(items)
    session.flush()
    _move_file_payouts(session, file_id, PayoutState.DUE, PayoutState.IN_FILE)
    return made


def withdraw(session: Session, file_id: str) -> None:
    """Take a drafted file back.

    Raises:
        FileNotOpenError: It was released or withdrawn before.
    Effects: file WITHDRAWN, its places too; payouts DUE, those of a found file HELD as before.
    """
    _move_file(session, file_id, FileState.DRAFTED, FileState.WITHDRAWN)
    _move_file_payouts(session, file_id, PayoutState.IN_FILE, PayoutState.DUE, next_attempt=True)
    if _must_find(session, file_id).is_found:
        _move_file_payouts(session, file_id, PayoutState.DUE, PayoutState.HELD)
    session.execute(
        update(PayoutItem)
        .where(col(PayoutItem.file_id) == file_id)
        .values(state=ItemState.WITHDRAWN)
    )


def release(session: Session, file_id: str, *, by: str, at: datetime) -> None:
    """Approve a file as the second person; a job hands it to the bank unless the bank has it.

    Raises:
        SecondPersonNeededError: `by` prepared it.
        ReserveShortError: Money behind burned points is missing.
        FileNotOpenError: It was released or withdrawn before.
    """
    found = _must_find(session, file_id)
    if found.prepared_by == by:
        raise SecondPersonNeededError
    reserve_cents = ledger_queries.balance(session, names.RESERVE)
    # The money of a found file has left: the books follow, covered or not.
    if reserve_cents < 0 and not found.is_found:
        raise ReserveShortError(-reserve_cents)
    _move_file(
        session, file_id, FileState.DRAFTED, FileState.RELEASED, released_by=by, released_at=at
    )


def mark_sent(session: Session, file_id: str, *, at: datetime) -> bool:
    """Book that the bank has a file; False when that was booked before.

    Effects: file SENT, payouts SENT; ledger payable → on the way.
    """
    try:
        _move_file(session, file_id, FileState.RELEASED, FileState.SENT, sent_at=at)
    except FileNotOpenError:
        return False
    _move_file_payouts(session, file_id, PayoutState.IN_FILE, PayoutState.SENT)
    rows = session.exec(
        select(Payout.merchant_id, PayoutItem.euro_cents)
        .join(PayoutItem, col(PayoutItem.payout_id) == col(Payout.id))
        .where(col(PayoutItem.file_id) == file_id)
    ).all()
    legs: dict[str, int] = defaultdict(int)
    for merchant_id, cents in rows:
        legs[names.payable(merchant_id)] -= cents
        legs[names.on_the_way(merchant_id)] += cents
    ledger.transfer(
        session, reference=f"payout_file/{file_id}/sent", kind="payouts_sent", legs=legs, at=at
    )
    return True


def merchants_of(session: Session, file_id: str) -> Sequence[str]:
    """Return the merchants that a file pays."""
    statement = (
        select(Payout.merchant_id)
        .join(PayoutItem, col(PayoutItem.payout_id) == col(Payout.id))
        .where(col(PayoutItem.file_id) == file_id)
        .distinct()
    )
    return session.exec(statement.order_by(col(Payout.merchant_id))).all()


def _must_find(session: Session, file_id: str) -> PayoutFile:
    found = queries.file(session, file_id)
    if found is None:
        raise NotFoundError("payout_file", file_id)
    return found


def _item(payout: Payout, account: BankAccount, file_id: str) -> PayoutItem:
    return PayoutItem(
        end_to_end_id=end_to_end_id(payout.payout_ref, payout.attempt),
        payout_id=payout.id,
        file_id=file_id,
        payee_name=account.holder,
        payee_iban=account.iban,
        euro_cents=payout.euro_cents,
    )


def _by_reference(item: PayoutItem) -> str:
    return item.end_to_end_id


def _credit(item: PayoutItem, bic: str, at: datetime) -> sepa.Credit:
    return sepa.Credit(
        end_to_end_id=item.end_to_end_id,
        payee=Payee(item.payee_name, item.payee_iban, bic),
        euro_cents=item.euro_cents,
        purpose=f"Calanque {at:%d/%m/%Y} {item.end_to_end_id}",
    )


def _move_file(
    session: Session, file_id: str, source: FileState, target: FileState, **more: object
) -> None:
    done = session.execute(
        update(PayoutFile)
        .where(col(PayoutFile.id) == file_id, col(PayoutFile.state) == source)
        .values(state=target, **more)
        .returning(col(PayoutFile.id))
    )
    if done.scalar_one_or_none() is None:
        found = session.exec(select(PayoutFile.state).where(col(PayoutFile.id) == file_id)).first()
        if found is None:
            raise NotFoundError("payout_file", file_id)
        raise FileNotOpenError(found)


def _move_file_payouts(
    session: Session,
    file_id: str,
    source: PayoutState,
    target: PayoutState,
    *,
    next_attempt: bool = False,
) -> None:
    inside = select(PayoutItem.payout_id).where(
        col(PayoutItem.file_id) == file_id, col(PayoutItem.state) == ItemState.WAITING
    )
    values: dict[str, Any] = {"state": target}
    if next_attempt:
        values["attempt"] = Payout.attempt + 1
    session.execute(
        update(Payout).where(col(Payout.id).in_(inside), col(Payout.state) == source).values(values)
    )
