"""Writes of the ledger: one function moves amounts, and it moves them once per reference."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, update
from sqlmodel import Session, col, select

from backend.db.upsert import insert_or_skip
from backend.ledger import names
from backend.ledger.errors import TransferUnbalancedError, UnitsInsufficientError
from backend.ledger.models import LedgerAccount, LedgerEntry, LedgerTransfer


def transfer(
    session: Session, *, reference: str, kind: str, legs: Mapping[str, int], at: datetime
) -> bool:
    """Move points, euro or both between accounts, at most once per reference.

    Args:
        reference: What causes it, unique for ever, for example "reward/<claim>/0".
        kind: Past tense, for example "reward_granted".
        legs: Account name → signed amount in the account's unit (token units, euro cents);
            they sum to zero in each currency. Zero legs are dropped.
        at: When it is booked.
    Returns:
        True when it was booked now, False when it had been booked before.
    Raises:
        TransferUnbalancedError: The legs do not sum to zero in a currency.
        UnitsInsufficientError: An account would fall below zero; nothing is kept
            once the caller's transaction rolls back.
    Effects: one ledger_transfer, one ledger_entry per leg, balances.
    """
    for currency in names.Currency:
        if sum(legs[name] for name in legs if names.currency_of(name) == currency) != 0:
            raise TransferUnbalancedError(reference)
    row = LedgerTransfer(reference=reference, kind=kind, occurred_at=at)
    if insert_or_skip(session, row) is None:
        return False
    entries: list[dict[str, Any]] = []
    # One order of locks for every transfer, so that two of them never wait for each other.
    for account_name in sorted(legs):
        if legs[account_name] != 0:
            balance = _add(session, account_name, legs[account_name])
            entries.append(
                {
                    "transfer_id": row.id,
                    "account_name": account_name,
                    "units": legs[account_name],
                    "balance_after_units": balance,
                }
            )
    if entries:
        session.execute(insert(LedgerEntry), entries)
    return True


def move(
    session: Session,
    *,
    reference: str,
    kind: str,
    source: str,
    target: str,
    units: int,
    at: datetime,
) -> bool:
    """Move `units` from one account to another; see `transfer`."""
    return transfer(
        session, reference=reference, kind=kind, legs={source: -units, target: units}, at=at
    )


def lock(session: Session, account_names: Iterable[str]) -> None:
    """Lock accounts ahead of several transfers, in the one order of locks.

    Without it two transactions that move points of the same people in different
    orders wait for each other. Accounts that do not exist yet are passed over.
    """
    statement = (
        select(LedgerAccount.name)
        .where(col(LedgerAccount.name).in_(set(account_names)))
        .order_by(col(LedgerAccount.name))
        .with_for_update()
    )
    session.exec(statement).all()


def _add(session: Session, account_name: str, units: int) -> int:
    balance = _add_to_existing(session, account_name, units)
    if balance is None:
        # It is there in nearly every transfer; only where it may be missing is it made.
        account = LedgerAccount(
            name=account_name,
            may_go_negative=names.may_go_negative(account_name),
            currency=names.currency_of(account_name),
            balance_units=0,
        )
        insert_or_skip(session, account)
        balance = _add_to_existing(session, account_name, units)
    if balance is None:
        raise UnitsInsufficientError(account_name, -units)
    return balance


def _add_to_existing(session: Session, account_name: str, units: int) -> int | None:
    """Return the new balance, `None` when no such account may and can take this."""
    statement = (
        update(LedgerAccount)
        .where(
            col(LedgerAccount.name) == account_name,
            or_(
                col(LedgerAccount.may_go_negative),
                col(LedgerAccount.balance_units) + units >= 0,
            ),
        )
        .values(balance_units=LedgerAccount.balance_units + units)
        .returning(col(LedgerAccount.balance_units))
    )
    return session.execute(statement).scalar_one_or_none()
