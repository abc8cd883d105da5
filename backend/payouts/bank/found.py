"""Files that the bank had before a backup was restored: taken into the books again.

A restored database holds back every payout that the bank may have paid. The file that was
handed over says which these are. It is drafted with the very bytes that the bank has, a second
person confirms it like any other, and nothing is handed over again; from there the bank's
answers do the rest.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from backend.payouts import queries, service
from backend.payouts.bank import sepa
from backend.payouts.bank.sepa import Credit
from backend.payouts.errors import (
    PaymentFileKnownError,
    PaymentFileUnreadableError,
    TransfersNotOpenError,
    TransfersUnknownError,
)
from backend.payouts.models import Payout, PayoutFile, PayoutItem
from backend.payouts.rules import (
    FileState,
    ItemState,
    Payee,
    PayoutState,
    parse_end_to_end_id,
    parse_message_id,
)

_CHUNK = 500
"""References asked for at once: databases limit the parameters of a statement."""
_PREFIX_CHARS = 34
"""0x and the 32 hex digits that a reference on a bank statement begins with."""
_WAITING = (PayoutState.HELD, PayoutState.DUE)

_Match = tuple[Credit, Payout, int]
"""A transfer, what it pays, and which try it is."""


def take_in(
    session: Session, *, content: bytes, debtor: Payee, by: str, at: datetime
) -> PayoutFile:
    """Draft a file that the bank already has; a second person confirms it.

    Transfers to shops that the backup does not know are counted and passed over.

    Args:
        content: The bytes that were handed to the bank.
        debtor: The account that our files draw on.
    Raises:
        PaymentFileUnreadableError: It is no file of ours.
        PaymentFileKnownError: The books have it, and not as withdrawn.
        TransfersNotOpenError: It pays what is under way or paid, or another amount.
        PayoutNotMovableError: It pays something twice.
        TransfersUnknownError: It pays nothing that is known here.
    Effects: payout_file DRAFTED and found, a payout_item each, payouts IN_FILE.
    """
    order, credits_ = sepa.read(content)
    file_id = parse_message_id(order.message_id)
    if file_id is None or order.debtor.iban != debtor.iban:
        raise PaymentFileUnreadableError("another system wrote it, or it draws on another account")
    known = queries.file(session, file_id)
    if known is not None and known.state != FileState.WITHDRAWN:
        raise PaymentFileKnownError(known.state)
    matches = _matches(session, credits_)
    file = PayoutFile(
        id=file_id,
        message_id=order.message_id,
        item_count=len(matches),
        euro_cents=sum(credit.euro_cents for credit, _, _ in matches),
        is_found=True,
        unknown_count=len(credits_) - len(matches),
        execution_on=order.execution_on,
        xml=content.decode(),
        sha256=hashlib.sha256(content).hexdigest(),
        prepared_by=by,
        prepared_at=at,
    )
    file = session.merge(file)
    session.flush()
    for match in matches:
        _put_in(session, file_id, match)
    return file


def _matches(session: Session, credits_: Sequence[Credit]) -> list[_Match]:
    ours = [(credit, parse_end_to_end_id(credit.end_to_end_id)) for credit in credits_]
    payouts = _payouts(session, [found[0] for _, found in ours if found])
    matches = [
        (credit, payouts[found[0]], found[1])
        for credit, found in ours
        if found and found[0] in payouts
    ]
    wrong = [
        credit.end_to_end_id
        for credit, payout, _ in matches
        if payout.state not in _WAITING or payout.euro_cents != credit.euro_cents
    ]
    if wrong:
        raise TransfersNotOpenError(wrong)
    if not matches:
        raise TransfersUnknownError
    return matches


def _payouts(session: Session, beginnings: Sequence[str]) -> Mapping[str, Payout]:
    beginning = func.substr(col(Payout.payout_ref), 1, _PREFIX_CHARS)
    found: dict[str, Payout] = {}
    for start in range(0, len(beginnings), _CHUNK):
        statement = select(Payout).where(beginning.in_(beginnings[start : start + _CHUNK]))
        for payout in session.exec(statement.with_for_update()).all():
            found[payout.payout_ref[:_PREFIX_CHARS]] = payout
    return found


def _put_in(session: Session, file_id: str, match: _Match) -> None:
    credit, payout, attempt = match
    service.move(session, payout.id, PayoutState.HELD, PayoutState.DUE)
    service.must_move(
        session, payout.id, PayoutState.DUE, PayoutState.IN_FILE, attempt=attempt, held_until=None
    )
    reopened = session.execute(
        update(PayoutItem)
        .where(
            col(PayoutItem.end_to_end_id) == credit.end_to_end_id,
            col(PayoutItem.state) == ItemState.WITHDRAWN,
        )
        .values(state=ItemState.WAITING)
        .returning(col(PayoutItem.end_to_end_id))
    )
    if reopened.scalar_one_or_none() is not None:
        return
    session.add(
        PayoutItem(
            end_to_end_id=credit.end_to_end_id,
            payout_id=payout.id,
            file_id=file_id,
            payee_name=credit.payee.name,
            payee_iban=credit.payee.iban,
            euro_cents=credit.euro_cents,
        )
    )
    session.flush()
