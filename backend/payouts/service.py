"""Writes of payouts; each moves the ledger in the same transaction.

Every step is a guarded update: it changes rows that stand where `rules.MOVES` says, and none
when it is repeated. So a process may be killed between any two of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException
from sqlalchemy import update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_or_skip
from backend.kernel.errors import NotFoundError
from backend.ledger import names
from backend.ledger import service as ledger
from backend.payouts import queries
from backend.payouts.errors import (
    AccountUnchangedError,
    BankAccountInvalidError,
    FundingAmountError,
    FundingKnownError,
    PayoutNotMovableError,
)
from backend.payouts.models import BankAccount, Funding, Payout, SolvencyDay
from backend.payouts.rules import MAX_NAME_CHARS, PayoutState, latin


@dataclass(frozen=True)
class Burn:
    """A burn that is final."""

    cash_out_id: str
    merchant_id: str
    units: int
    euro_cents: int
    rate_micro_cents_per_unit: int
    payout_ref: str


@dataclass(frozen=True)
class Hold:
    """Why a payout waits.

    Attributes:
        reasons: Code and facts of each, for both sides to read.
        until: When it is due by itself; `None` when a person must say so.
    """

    reasons: tuple[dict[str, Any], ...]
    until: datetime | None


RESTORED: dict[str, Any] = {"code": "restored", "level": 0}
"""Why a payout waits that may have been paid in the time that a restored backup does not know."""


def owe(session: Session, burn: Burn, *, hold: Hold | None, at: datetime) -> Payout | None:
    """Owe a merchant the euro of a burn, once.

    Returns:
        The payout, `None` when it was owed before.
    Effects: payout DUE or HELD; ledger reserve → payable.
    """
    row = Payout(
        cash_out_id=burn.cash_out_id,
        merchant_id=burn.merchant_id,
        units=burn.units,
        euro_cents=burn.euro_cents,
        rate_micro_cents_per_unit=burn.rate_micro_cents_per_unit,
        payout_ref=burn.payout_ref,
        state=PayoutState.DUE if hold is None else PayoutState.HELD,
        hold_reasons=[] if hold is None else list(hold.reasons),
        held_until=None if hold is None else hold.until,
        due_at=at,
    )
    if insert_or_skip(session, row) is None:
        return None
    ledger.move(
        session,
        reference=f"payout/{row.id}/owed",
        kind="payout_owed",
        source=names.RESERVE,
        target=names.payable(burn.merchant_id),
        units=burn.euro_cents,
        at=at,
    )
    return row


def release_hold(session: Session, payout_id: str, *, by: str) -> None:
    """Let a person say that a held payout may go.

    Raises:
        PayoutNotMovableError: It is not held (any more).
    """
    must_move(session, payout_id, PayoutState.HELD, PayoutState.DUE, hold_released_by=by)


def release_lapsed(session: Session, now: datetime) -> int:
    """Make held payouts due whose time has come; return how many."""
    done = session.execute(
        update(Payout)
        .where(col(Payout.state) == PayoutState.HELD, col(Payout.held_until) <= now)
        .values(state=PayoutState.DUE)
        .returning(col(Payout.id))
    )
    return len(done.all())


def hold_all(session: Session) -> int:
    """Hold everything that is due or would be by itself: the bank may have paid it already.

    Returns:
        How many payouts wait for a person now.
    """
    waiting = (PayoutState.DUE, PayoutState.HELD)
    rows = session.exec(select(Payout).where(col(Payout.state).in_(waiting))).all()
    for payout in rows:
        reasons = payout.hold_reasons
        session.execute(
            update(Payout)
            .where(col(Payout.id) == payout.id)
            .values(
                state=PayoutState.HELD,
                hold_reasons=reasons if RESTORED in reasons else [*reasons, RESTORED],
                held_until=None,
            )
        )
    return len(rows)


def check_account(holder: str, iban: str) -> tuple[str, str, str]:
    """Look at a bank account as somebody typed it.

    Returns:
        Holder, number without spaces, and the bank's code when it is known.
    Raises:
        BankAccountInvalidError: The number is wrong, or nobody holds it whose name a bank can
            write: one such name would keep every shop's file from being written.
    """
    try:
        checked = IBAN(iban, validate_bban=True)
    except (SchwiftyException, ValueError) as error:
        raise BankAccountInvalidError(type(error).__name__) from error
    name = " ".join(holder.split())[:MAX_NAME_CHARS]
    if not latin(name):
        raise BankAccountInvalidError("the holder's name is missing or has no letter banks know")
    return name, str(checked), str(checked.bic or "")


def set_bank_account(
    session: Session, *, merchant_id: str, holder: str, iban: str, by: str, at: datetime
) -> BankAccount:
    """Store where a merchant is paid; another number brings returned payouts back.

    Raises:
        BankAccountInvalidError: The number is wrong; nothing was changed.
    Effects: bank_account; RETURNED payouts of the merchant DUE, ledger returned → payable.
    """
    name, number, bic = check_account(holder, iban)
    row = session.get(BankAccount, merchant_id)
    is_other = row is None or row.iban != number
    if row is None:
        row = BankAccount(
            merchant_id=merchant_id, holder=name, iban="", changed_by=by, changed_at=at
        )
    row.holder, row.iban, row.bic = name, number, bic
    row.changed_by, row.changed_at = by, at
    if is_other:
        row.refused_reason = None
    session.add(row)
    session.flush()
    if is_other:
        _retry_all(session, merchant_id, at)
    return row


def retry(session: Session, payout_id: str, *, at: datetime) -> None:
    """Try a returned payout again.

    Raises:
        AccountUnchangedError: The bank refused the account number that is stored.
        PayoutNotMovableError: It is not returned (any more).
    Effects: payout DUE with the next attempt; ledger returned → payable.
    """
    payout = queries.payout(session, payout_id)
    if payout is None:
        raise NotFoundError("payout", payout_id)
    account = queries.bank_account(session, payout.merchant_id)
    if account is not None and account.refused_reason is not None:
        raise AccountUnchangedError
    if not _retry(session, payout, at):
        raise PayoutNotMovableError(_state(session, payout_id))


def record_funding(
    session: Session, *, reference: str, euro_cents: int, by: str, at: datetime
) -> Funding:
    """Book money that the metropolis put behind the points.

    Raises:
        FundingAmountError: The amount is not above zero.
        FundingKnownError: A transfer of this reference was recorded before.
    Effects: funding; ledger treasury → reserve.
    """
    if euro_cents <= 0:
        raise FundingAmountError
    row = Funding(reference=reference, euro_cents=euro_cents, recorded_by=by, recorded_at=at)
    if insert_or_skip(session, row) is None:
        raise FundingKnownError
    ledger.move(
        session,
        reference=f"funding/{row.id}",
        kind="reserve_funded",
        source=names.TREASURY,
        target=names.RESERVE,
        units=euro_cents,
        at=at,
    )
    return row


def note_solvency(session: Session, figures: SolvencyDay) -> SolvencyDay:
    """Write or renew the line of a day."""
    return session.merge(figures)


def move(
    session: Session, payout_id: str, source: PayoutState, target: PayoutState, **more: object
) -> bool:
    """Move a payout along `rules.MOVES`; False when it stands elsewhere."""
    done = session.execute(
        update(Payout)
        .where(col(Payout.id) == payout_id, col(Payout.state) == source)
        .values(state=target, **more)
        .returning(col(Payout.id))
    )
    return done.scalar_one_or_none() is not None


def must_move(
    session: Session, payout_id: str, source: PayoutState, target: PayoutState, **more: object
) -> None:
    """Move a payout along `rules.MOVES`.

    Raises:
        PayoutNotMovableError: It stands elsewhere.
    """
    if not move(session, payout_id, source, target, **more):
        raise PayoutNotMovableError(_state(session, payout_id))


def _retry_all(session: Session, merchant_id: str, at: datetime) -> None:
    statement = select(Payout).where(
        col(Payout.merchant_id) == merchant_id, col(Payout.state) == PayoutState.RETURNED
    )
    payouts: Sequence[Payout] = session.exec(statement.order_by(col(Payout.id))).all()
    for payout in payouts:
        _retry(session, payout, at)


def _retry(session: Session, payout: Payout, at: datetime) -> bool:
    attempt = payout.attempt
    if not move(session, payout.id, PayoutState.RETURNED, PayoutState.DUE, attempt=attempt + 1):
        return False
    return ledger.move(
        session,
        reference=f"payout/{payout.id}/retried/{attempt}",
        kind="payout_retried",
        source=names.returned(payout.merchant_id),
        target=names.payable(payout.merchant_id),
        units=payout.euro_cents,
        at=at,
    )


def _state(session: Session, payout_id: str) -> str:
    found = session.exec(select(Payout.state).where(col(Payout.id) == payout_id)).first()
    if found is None:
        raise NotFoundError("payout", payout_id)
    return found
