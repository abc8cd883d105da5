"""The store: one SQLite file, one transaction per request, an append-only journal.

The only place of the wallet service that commits or rolls back.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

from sqlalchemy import Connection, create_engine, event, func
from sqlalchemy.dialects.sqlite import insert
from sqlmodel import Session, col, select

from wallet_service import models
from wallet_service.errors import StartupError
from wallet_service.policy import Charge

SCHEMA_VERSION = b"1"
BUSY_TIMEOUT_MS = 15_000
_APPEND_ONLY = (
    "journal_nonce",
    "journal_signature",
    "journal_payment",
    "journal_cancellation",
    "journal_departure",
    "request",
    "request_log",
)


class Store:
    """One wallet store.

    Args:
        path: SQLite file; created with mode 0600 when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _private_file(path)
        # An error must not quote a statement's parameters: they hold sealed secrets.
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=20, max_overflow=20, hide_parameters=True
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        with self._engine.begin() as connection:
            models.METADATA.create_all(connection)
            for table in _APPEND_ONLY:
                for verb in ("UPDATE", "DELETE"):
                    connection.exec_driver_sql(
                        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} "
                        f"BEFORE {verb} ON {table} "
                        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                    )
        with self.transaction() as session:
            version = read_meta(session, "schema")
            if version is None:
                write_meta(session, "schema", SCHEMA_VERSION)
            elif version != SCHEMA_VERSION:
                raise StartupError(f"{path} was written by another version ({version.decode()}).")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits when the block ends well and rolls back otherwise."""
        with Session(self._engine, expire_on_commit=False) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def forget_deleted_pages(self) -> None:
        """Fold the write-ahead log into the file, so that deleted salts are nowhere on disk."""
        with self._engine.connect() as connection:
            # On the driver's own connection: inside a transaction it would do nothing.
            driver = cast("sqlite3.Connection", connection.connection.driver_connection)
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()


def lock_store(path: Path) -> IO[str]:
    """Take the store for this process until it ends.

    Raises:
        StartupError: Another wallet service runs on the same store.
    """
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StartupError(f"Another wallet service already uses {path}.") from None
    return lock


def read_meta(session: Session, name: str) -> bytes | None:
    """Return a fact about the store, or nothing when it was never written."""
    row = session.get(models.Meta, name)
    return None if row is None else row.content


def write_meta(session: Session, name: str, content: bytes | None) -> None:
    """Write a fact about the store; nothing removes it."""
    if content is not None:
        session.merge(models.Meta(name=name, content=content))
        return
    row = session.get(models.Meta, name)
    if row is not None:
        session.delete(row)


def slot_history(
    session: Session, *, key_address: str, genesis_hash: str, nonce: int
) -> Sequence[models.JournalSignature]:
    """List the signatures given for one nonce, oldest first."""
    return session.exec(
        select(models.JournalSignature)
        .where(
            col(models.JournalSignature.key_address) == key_address,
            col(models.JournalSignature.genesis_hash) == genesis_hash,
            col(models.JournalSignature.nonce) == nonce,
        )
        .order_by(col(models.JournalSignature.id))
    ).all()


def signed_from(
    session: Session, *, key_address: str, genesis_hash: str, from_nonce: int, nonces_max: int
) -> Sequence[models.JournalSignature]:
    """List the signatures of the first nonces at or above `from_nonce`, by nonce and age."""
    nonces = (
        select(models.JournalNonce.nonce)
        .where(
            col(models.JournalNonce.key_address) == key_address,
            col(models.JournalNonce.genesis_hash) == genesis_hash,
            col(models.JournalNonce.nonce) >= from_nonce,
        )
        .order_by(col(models.JournalNonce.nonce))
        .limit(nonces_max)
    )
    return session.exec(
        select(models.JournalSignature)
        .where(
            col(models.JournalSignature.key_address) == key_address,
            col(models.JournalSignature.genesis_hash) == genesis_hash,
            col(models.JournalSignature.nonce).in_(nonces),
        )
        .order_by(col(models.JournalSignature.nonce), col(models.JournalSignature.id))
    ).all()


def used_today(session: Session, scopes: Sequence[str], now: datetime) -> dict[str, int]:
    """Return what each scope used on the UTC day of `now`; a scope not listed used nothing."""
    rows = session.exec(
        select(models.DayCounter).where(
            col(models.DayCounter.scope).in_(scopes), col(models.DayCounter.day) == _day(now)
        )
    ).all()
    return {row.scope: row.used for row in rows}


def apply_charges(session: Session, charges: Sequence[Charge], now: datetime) -> None:
    """Add each charge to the counter of its scope and day."""
    for charge in charges:
        statement = insert(models.DayCounter).values(
            scope=charge.scope, day=_day(now), used=charge.amount
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["scope", "day"],
                set_={"used": col(models.DayCounter.used) + charge.amount},
            )
        )


def journal_rows(session: Session) -> int:
    """Count everything ever signed: transactions, payments and cancellations."""
    tables = (models.JournalSignature, models.JournalPayment, models.JournalCancellation)
    return sum(session.exec(select(func.count()).select_from(table)).one() for table in tables)


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # SQLAlchemy's own BEGIN is replaced by ours below, so the driver must not add one.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # FULL: an answered signature must be in the journal after a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    # An erased salt must not survive in a free page of the file.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # Judgement and journal must not interleave, so every transaction takes the write lock first.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
