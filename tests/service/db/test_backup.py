"""Backup and restore, from either engine into either engine."""

import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from backend.actions import queries as action_queries
from backend.actions.models import Claim
from backend.books import queries as book_queries
from backend.db import backup, event_log
from backend.db.backup import BackupUnusableError, DatabaseNotEmptyError, Manifest
from backend.db.engine import Database
from backend.ledger import names, queries
from backend.workflows import restore, solvency
from backend.workflows.admit_claims import ClaimRequest, admit
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def filled(database: Database, clock: FrozenClock) -> Database:
    """A database with an incarnation, an edition and a citizen who holds 500 units."""
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    builders.make_kiosk(database, clock)
    builders.make_citizen(database, clock, units=500)
    with database.transaction() as session:
        solvency.note(session, day=clock.now().date(), rate_micro_cents_per_unit=100_000)
    return database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> Iterator[Database]:
    """An empty database to restore into."""
    if request.param == "sqlite":
        path = tmp_path / "restored.db"
        shutil.copy(sqlite_template, path)
        url = f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("postgres_server")
        name = f"restored_{tmp_path.name}".lower().replace("-", "_")[:60]
        server.run(f"CREATE DATABASE {name} TEMPLATE template_calanque")
        url = server.url(name)
    database = Database(url)
    yield database
    database.dispose()
    if request.param == "postgresql":
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


def _rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.snapshot() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in SQLModel.metadata.sorted_tables
        }


def _keep(_session: Session, _manifest: Manifest) -> None:
    return None


def test_a_restored_database_holds_the_same_rows(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())

    manifest = backup.read(tmp_path / "backup.zip", empty, before_commit=_keep)

    assert _rows(empty) == _rows(filled)
    assert manifest.taken_at == clock.now()
    assert manifest.rows["account"] == 1


def test_a_backup_can_write_every_type_of_column_that_there_is() -> None:
    known = {
        *("AutoString", "Text", "BigInteger", "Integer", "Boolean", "JSON"),
        *("UTCDateTime", "Date"),
    }
    types = {
        type(column.type).__name__
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
    }

    assert types <= known


def test_new_rows_are_numbered_after_the_restored_ones(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    with filled.transaction() as session:
        for _ in range(3):
            event_log.append(session, kind="k", subject="s", audience="a", at=clock.now())
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())
    backup.read(tmp_path / "backup.zip", empty, before_commit=_keep)

    with empty.transaction() as session:
        event_log.append(session, kind="new", subject="s", audience="a", at=clock.now())
        builders.give_points(session, "somebody", 5, clock)

    with empty.reading() as session:
        assert [row.id for row in event_log.after(session, 3)] == [4]
        assert_books_balance(session)


def test_a_restored_database_takes_no_claim_and_sends_nothing_before_the_scan(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    taken_at = clock.now()
    backup.write(filled, tmp_path / "backup.zip", taken_at=taken_at)
    restored_at = clock.advance(hours=24)

    backup.read(
        tmp_path / "backup.zip",
        empty,
        before_commit=lambda session, manifest: restore.mark(
            session, backup_taken_at=manifest.taken_at, now=restored_at
        ),
    )

    with empty.reading() as session:
        assert book_queries.open_restoration(session) is not None
        assert action_queries.current_incarnation(session) is None
        assert book_queries.is_in_lost_time(session, taken_at + timedelta(hours=12))
        assert not book_queries.is_in_lost_time(session, taken_at - timedelta(seconds=1))
        assert [row.kind for row in event_log.after(session, 0)] == ["database_restored"]


def test_a_copied_database_is_noticed_and_the_original_is_not(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())
    backup.read(tmp_path / "backup.zip", empty, before_commit=_keep)

    marked = []
    for database in (filled, empty, empty):
        with database.transaction() as session:
            home = database.fingerprint()
            marked.append(restore.mark_if_copied(session, home=home, now=clock.now()))

    assert marked == [False, True, False]


def test_claims_that_a_copy_holds_need_nobody_to_look(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    # They took their codes before the copy was made, whatever the original does since.
    citizen = builders.make_citizen(filled, clock)
    kiosk = builders.make_kiosk(filled, clock)
    clock.advance(minutes=5)
    with filled.transaction() as session:
        request = ClaimRequest(citizen.id, "key-of-a-claim", kiosk.slot_code())
        (claim,) = admit(session, [request], now=clock.now())
    assert isinstance(claim, Claim)
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())
    backup.read(tmp_path / "backup.zip", empty, before_commit=_keep)

    now = clock.advance(hours=2)
    with empty.transaction() as session:
        assert restore.mark_if_copied(session, home=empty.fingerprint(), now=now)

    with empty.reading() as session:
        assert not book_queries.is_in_lost_time(session, claim.occurred_at)
        assert book_queries.is_in_lost_time(session, clock.now() - timedelta(hours=1))


def test_nothing_is_written_over_rows_that_stand(
    filled: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())
    before = _rows(filled)

    with pytest.raises(DatabaseNotEmptyError):
        backup.read(tmp_path / "backup.zip", filled, before_commit=_keep)

    assert _rows(filled) == before


def test_a_restore_that_fails_half_way_leaves_the_database_empty(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    backup.write(filled, tmp_path / "backup.zip", taken_at=clock.now())

    def crash(_session: Session, _manifest: Manifest) -> None:
        raise InterruptedError

    with pytest.raises((InterruptedError, BackupUnusableError)):
        backup.read(tmp_path / "backup.zip", empty, before_commit=crash)

    assert not any(_rows(empty).values())


def test_a_damaged_backup_is_refused(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    whole, damaged = tmp_path / "backup.zip", tmp_path / "damaged.zip"
    backup.write(filled, whole, taken_at=clock.now())
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(b"500", b"900"))

    with pytest.raises(BackupUnusableError):
        backup.read(damaged, empty, before_commit=_keep)

    assert not any(_rows(empty).values())


@pytest.mark.parametrize("content", [b"", b"no zip at all"])
def test_what_is_no_backup_is_refused(empty: Database, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "backup.zip"
    path.write_bytes(content)

    with pytest.raises(BackupUnusableError):
        backup.read(path, empty, before_commit=_keep)


def test_a_backup_is_one_instant_while_the_service_writes(
    filled: Database, empty: Database, clock: FrozenClock, tmp_path: Path
) -> None:
    # The snapshot is opened before the write and read after it.
    with filled.snapshot() as connection:
        before = connection.execute(select(SQLModel.metadata.tables["ledger_entry"])).all()
        with filled.transaction() as session:
            builders.give_points(session, "late", 5, clock)
        after = connection.execute(select(SQLModel.metadata.tables["ledger_entry"])).all()

    assert before == after
    with filled.reading() as session:
        assert queries.balance(session, names.confirmed("late")) == 5
