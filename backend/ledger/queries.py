"""Reads of the ledger."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from backend.ledger.models import LedgerAccount, LedgerEntry, LedgerTransfer
from backend.ledger.names import Currency


@dataclass(frozen=True)
class Move:
    """One movement of an account, in the account's unit."""

    occurred_at: datetime
    kind: str
    reference: str
    units: int
    balance_units: int


def balances(session: Session, account_names: Iterable[str]) -> Mapping[str, int]:
    """Return units per account name; unknown accounts count zero."""
    wanted = list(account_names)
    statement = select(LedgerAccount.name, LedgerAccount.balance_units)
    rows = session.exec(statement.where(col(LedgerAccount.name).in_(wanted))).all()
    found = dict(rows)
    return {name: found.get(name, 0) for name in wanted}


def balance(session: Session, account_name: str) -> int:
    """Return the units of one account, zero when it is unknown."""
    return balances(session, [account_name])[account_name]


def total(session: Session, currency: Currency) -> int:
    """Return the sum over all entries in a currency: zero, or the books are broken."""
    statement = (
        select(func.coalesce(func.sum(LedgerEntry.units), 0))
        .join(LedgerAccount, col(LedgerAccount.name) == col(LedgerEntry.account_name))
        .where(col(LedgerAccount.currency) == currency)
    )
    return int(session.exec(statement).one())


def drifted_accounts(session: Session) -> list[str]:
    """Return the accounts whose running balance differs from the sum of their entries."""
    summed = func.coalesce(func.sum(LedgerEntry.units), 0)
    statement = (
        select(LedgerAccount.name)
        .outerjoin(LedgerEntry, col(LedgerEntry.account_name) == col(LedgerAccount.name))
        .group_by(col(LedgerAccount.name), col(LedgerAccount.balance_units))
        .having(summed != col(LedgerAccount.balance_units))
    )
    return list(session.exec(statement).all())


def sum_of(session: Session, pattern: str) -> int:
    """Return the units of all accounts whose name fits a LIKE pattern."""
    statement = select(func.coalesce(func.sum(LedgerAccount.balance_units), 0))
    return int(session.exec(statement.where(col(LedgerAccount.name).like(pattern))).one())


def history(
    session: Session, account_name: str, *, since: datetime, until: datetime
) -> Sequence[Move]:
    """Return the movements of an account from `since` to before `until`, oldest first."""
    statement = (
        columns(
            col(LedgerTransfer.occurred_at),
            col(LedgerTransfer.kind),
            col(LedgerTransfer.reference),
            col(LedgerEntry.units),
            col(LedgerEntry.balance_after_units),
        )
        .join(LedgerTransfer, col(LedgerTransfer.id) == col(LedgerEntry.transfer_id))
        .where(
            col(LedgerEntry.account_name) == account_name,
            col(LedgerTransfer.occurred_at) >= since,
            col(LedgerTransfer.occurred_at) < until,
        )
        .order_by(col(LedgerEntry.id))
    )
    return [Move(*row) for row in session.execute(statement).all()]


def balance_before(session: Session, account_name: str, until: datetime) -> int:
    """Return what an account held just before an instant."""
    statement = (
        select(func.coalesce(func.sum(LedgerEntry.units), 0))
        .join(LedgerTransfer, col(LedgerTransfer.id) == col(LedgerEntry.transfer_id))
        .where(
            col(LedgerEntry.account_name) == account_name,
            col(LedgerTransfer.occurred_at) < until,
        )
    )
    return int(session.exec(statement).one())
