"""Chain addresses of accounts, and our copies of what their keys come from."""

from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from backend.accounts.models import AccountAddress
from backend.db.upsert import insert_or_skip


def add_address(
    session: Session,
    *,
    account_id: str,
    genesis_hash: str,
    address: str,
    index: int,
    now: datetime,
    sealed_salt: str | None = None,
) -> bool:
    """Record an address that the wallet service made; False when it was known.

    Args:
        sealed_salt: What its key is derived from, sealed by that service, 0x-hex.
    """
    row = AccountAddress(
        account_id=account_id,
        genesis_hash=genesis_hash,
        index=index,
        address=address,
        sealed_salt=sealed_salt,
        created_at=now,
    )
    return insert_or_skip(session, row) is not None


def note_salt(session: Session, genesis_hash: str, address: str, *, sealed_salt: str) -> bool:
    """Keep a copy of what the key of an address is derived from; False when one is kept."""
    statement = update(AccountAddress).where(
        col(AccountAddress.genesis_hash) == genesis_hash,
        col(AccountAddress.address) == address,
        col(AccountAddress.sealed_salt).is_(None),
    )
    noted = statement.values(sealed_salt=sealed_salt).returning(col(AccountAddress.address))
    return session.execute(noted).first() is not None


def switch_address(
    session: Session,
    *,
    account_id: str,
    genesis_hash: str,
    source: str,
    target: str,
    custody: str,
    now: datetime,
) -> None:
    """Let an account receive at `target` and no more at `source`.

    Args:
        custody: Who holds the key of `target`, for an address that is new here.
    """
    index = session.exec(
        select(func.coalesce(func.max(AccountAddress.index), -1) + 1).where(
            col(AccountAddress.account_id) == account_id,
            col(AccountAddress.genesis_hash) == genesis_hash,
        )
    ).one()
    row = AccountAddress(
        account_id=account_id,
        genesis_hash=genesis_hash,
        index=index,
        address=target,
        custody=custody,
        created_at=now,
    )
    insert_or_skip(session, row)
    for address, state in ((source, "retired"), (target, "active")):
        session.execute(
            update(AccountAddress)
            .where(
                col(AccountAddress.account_id) == account_id,
                col(AccountAddress.genesis_hash) == genesis_hash,
                col(AccountAddress.address) == address,
            )
            .values(state=state)
        )
