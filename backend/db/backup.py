"""Backup of a whole database into one file, the same for SQLite and PostgreSQL.

A backup is a zip of one JSON-lines file per table and a manifest with their SHA-256.
It is read in one snapshot while the service runs, and can be restored on either engine.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Date, Table, func, insert, select, text
from sqlmodel import Session, SQLModel

from backend.db.engine import Database
from backend.db.migrate import current_revision, run
from backend.db.types import UTCDateTime
from backend.kernel.errors import EcoError, ErrorKind

MANIFEST = "manifest.json"
CHUNK_ROWS = 1_000


class BackupUnusableError(EcoError):
    """The file is no backup, is damaged, or was made by another version."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            ErrorKind.INVALID, "backup_unusable", f"This backup cannot be used: {problem}."
        )


class DatabaseNotEmptyError(EcoError):
    """A restore never writes over rows that stand."""

    def __init__(self, table: str) -> None:
        super().__init__(
            ErrorKind.CONFLICT,
            "database_not_empty",
            f"Table {table} has rows already; restore into an empty database and switch to it.",
        )


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        taken_at: Instant of its snapshot.
        revision: Schema that it was made with.
        rows: Table → number of rows.
        digests: Table → SHA-256 of its lines, hex.
    """

    taken_at: datetime
    revision: str
    rows: Mapping[str, int]
    digests: Mapping[str, str]


def write(database: Database, path: Path, *, taken_at: datetime) -> Manifest:
    """Write a backup next to `path` first, so that a broken one never bears its name."""
    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    partial = path.with_suffix(path.suffix + ".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        database.snapshot() as connection,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        revision = current_revision(connection)
        for table in SQLModel.metadata.sorted_tables:
            digest = hashlib.sha256()
            rows[table.name] = 0
            with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as stream:
                for line in _lines(connection, table):
                    stream.write(line)
                    digest.update(line)
                    rows[table.name] += 1
            digests[table.name] = digest.hexdigest()
        manifest = Manifest(taken_at, revision or "", rows, digests)
        archive.writestr(MANIFEST, json.dumps(_manifest_json(manifest), indent=2))
    partial.replace(path)
    return manifest


def read(
    path: Path, database: Database, *, before_commit: Callable[[Session, Manifest], None]
) -> Manifest:
    """Restore a backup into an empty database, all of it or nothing.

    Args:
        before_commit: Marks the database as restored in the same transaction: rows
            without the mark could be served as if nothing had happened.
    Raises:
        BackupUnusableError: Damaged, incomplete, or of another schema.
        DatabaseNotEmptyError: Some table has rows.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest_of(archive)
            _check(archive, manifest)
            run(database.engine)
            with database.bulk_load() as connection:
                if current_revision(connection) != manifest.revision:
                    raise BackupUnusableError(f"it has schema {manifest.revision}")
                for table in SQLModel.metadata.sorted_tables:
                    _load(connection, archive, table)
                with Session(connection) as session:
                    before_commit(session, manifest)
                    session.flush()
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupUnusableError(f"{path} is no readable backup ({error})") from error
    return manifest


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    statement = select(table).order_by(*table.primary_key.columns)
    for row in connection.execution_options(yield_per=CHUNK_ROWS).execute(statement).mappings():
        values = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: object) -> object:
    # A datetime is a date too.
    return value.isoformat() if isinstance(value, date) else value


def _manifest_json(manifest: Manifest) -> dict[str, object]:
    return {
        "format": "calanque-backup/1",
        "taken_at": manifest.taken_at.isoformat(),
        "revision": manifest.revision,
        "rows": dict(manifest.rows),
        "digests": dict(manifest.digests),
    }


def _manifest_of(archive: zipfile.ZipFile) -> Manifest:
    document = json.loads(archive.read(MANIFEST))
    if document.get("format") != "calanque-backup/1":
        raise BackupUnusableError("its manifest is not one of ours")
    return Manifest(
        datetime.fromisoformat(document["taken_at"]),
        document["revision"],
        document["rows"],
        document["digests"],
    )


def _check(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    for name, expected in manifest.digests.items():
        digest = hashlib.sha256()
        with archive.open(f"{name}.jsonl") as stream:
            for line in stream:
                digest.update(line)
        if digest.hexdigest() != expected:
            raise BackupUnusableError(f"table {name} is damaged")


def _load(connection: Connection, archive: zipfile.ZipFile, table: Table) -> None:
    if connection.execute(select(func.count()).select_from(table)).scalar_one():
        raise DatabaseNotEmptyError(table.name)
    readers: dict[str, Callable[[str], date]] = {
        column.name: datetime.fromisoformat
        if isinstance(column.type, UTCDateTime)
        else date.fromisoformat
        for column in table.columns
        if isinstance(column.type, UTCDateTime | Date)
    }
    with archive.open(f"{table.name}.jsonl") as stream:
        for chunk in _chunks(json.loads(line) for line in stream):
            for row in chunk:
                for name, read_ in readers.items():
                    if row[name] is not None:
                        row[name] = read_(row[name])
            connection.execute(insert(table), chunk)
    _continue_numbers(connection, table)


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Make PostgreSQL number new rows after the restored ones; SQLite looks by itself."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    highest = connection.execute(select(func.max(column))).scalar_one()
    if highest is not None:
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :highest)"),
            {"table": table.name, "column": column.name, "highest": highest},
        )
