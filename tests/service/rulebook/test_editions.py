"""Drafts, the second person, and the way to publication."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session

from backend.db.engine import Database
from backend.kernel.errors import EcoError, NotFoundError
from backend.rulebook import queries, service
from backend.rulebook.edition_errors import (
    EditionNotDraftError,
    EditionPendingError,
    SecondPersonNeededError,
)
from backend.rulebook.errors import RulebookInvalidError
from backend.rulebook.models import Edition
from tests.support import builders
from tests.support.builders import EDITION_TEXT, ROOT
from tests.support.clock import FrozenClock

SECOND_TEXT = (ROOT / "backend/rulebook/editions/amp-2026-2.yaml").read_text()


@pytest.fixture
def first(database: Database, clock: FrozenClock) -> Edition:
    """Edition 1, in force."""
    return builders.make_edition(database, clock)


def _draft(database: Database, clock: FrozenClock, *, author: str = "samia") -> Edition:
    with database.transaction() as session:
        edition = service.draft(
            session, source_text=SECOND_TEXT, author_account_id=author, at=clock.now()
        )
        builders.finish_forecast(session, edition.number)
        return edition


def _approve(database: Database, number: int, *, by: str = "luc") -> Edition:
    with database.transaction() as session:
        return service.approve(session, number, approver_account_id=by)


def _publishing(session: Session, number: int, clock: FrozenClock) -> None:
    later = clock.now() + timedelta(minutes=1)
    assert service.mark_publishing(session, number, batch_id="batch-1", effective_from=later)


def test_a_draft_takes_the_next_number_and_governs_nothing(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    draft = _draft(database, clock)

    assert (draft.number, draft.state) == (2, "draft")
    with database.reading() as session:
        in_force = queries.in_force_at(session, clock.now() + timedelta(days=30))
    assert in_force is not None
    assert in_force.number == 1


def test_an_invalid_document_stores_nothing(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    with pytest.raises(RulebookInvalidError) as caught, database.transaction() as session:
        service.draft(
            session,
            source_text=EDITION_TEXT.replace("units: 200", "units: -200"),
            author_account_id="samia",
            at=clock.now(),
        )

    assert caught.value.errors
    with database.reading() as session:
        assert len(queries.newest_first(session)) == 1


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("number: 2", "number: 3", "edition.number"),
        ("series: amp", "series: other", "edition.series"),
        ("id: amp-2026-2", "id: amp-2026-1", "edition.id"),
        ("time_zone:", "compat: {source: elsewhere}\ntime_zone:", "compat"),
    ],
)
def test_a_document_that_may_not_follow_the_newest_edition_stores_nothing(
    database: Database, clock: FrozenClock, first: Edition, old: str, new: str, path: str
) -> None:
    assert old in SECOND_TEXT

    with pytest.raises(RulebookInvalidError) as caught, database.transaction() as session:
        service.draft(
            session,
            source_text=SECOND_TEXT.replace(old, new, 1),
            author_account_id="samia",
            at=clock.now(),
        )

    assert [item["path"] for item in caught.value.errors] == [path]
    assert all(item["example"] for item in caught.value.errors)
    with database.reading() as session:
        assert len(queries.newest_first(session)) == 1


def test_only_one_edition_is_on_its_way_at_a_time(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    _draft(database, clock)

    with pytest.raises(EditionPendingError):
        _draft(database, clock)


def test_of_drafts_at_once_one_stands_and_the_others_are_told(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    start = threading.Barrier(5)

    def draft(number: int) -> str:
        start.wait()
        try:
            _draft(database, clock, author=f"author-{number}")
        except EcoError as error:
            return error.code
        return "stored"

    with ThreadPoolExecutor(5) as pool:
        told = sorted(pool.map(draft, range(5)))

    assert told == sorted(["stored"] + [EditionPendingError(2).code] * 4)


def test_the_author_cannot_approve(database: Database, clock: FrozenClock, first: Edition) -> None:
    draft = _draft(database, clock, author="samia")

    with pytest.raises(SecondPersonNeededError):
        _approve(database, draft.number, by="samia")

    approved = _approve(database, draft.number, by="luc")
    assert (approved.state, approved.approver_account_id) == ("approved", "luc")


def test_an_approved_edition_can_neither_be_approved_again_nor_discarded(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    _approve(database, number)

    with pytest.raises(EditionNotDraftError):
        _approve(database, number, by="third")
    with pytest.raises(EditionNotDraftError), database.transaction() as session:
        service.discard(session, number)


def test_approval_and_discard_at_once_cannot_both_succeed(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    start = threading.Barrier(2)

    def discard() -> bool:
        start.wait()
        try:
            with database.transaction() as session:
                service.discard(session, number)
        except EditionNotDraftError:
            return False
        return True

    def approve() -> bool:
        start.wait()
        try:
            _approve(database, number)
        except NotFoundError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        outcomes = [pool.submit(discard), pool.submit(approve)]
        assert sorted(outcome.result() for outcome in outcomes) == [False, True]


def test_a_discarded_number_is_given_out_again(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    with database.transaction() as session:
        service.discard(session, number)

    assert _draft(database, clock).number == number


def test_an_edition_whose_transaction_failed_is_approved_as_before(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    _approve(database, number)
    with database.transaction() as session:
        _publishing(session, number, clock)

    with database.transaction() as session:
        service.return_to_approved(session, "batch-1")

    with database.reading() as session:
        stored = session.get_one(Edition, number)
    assert (stored.state, stored.batch_id, stored.effective_from) == ("approved", None, None)


def test_an_edition_is_published_once_and_governs_from_its_instant(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    _approve(database, number)
    with database.transaction() as session:
        _publishing(session, number, clock)

    for expected in ([number], []):
        with database.transaction() as session:
            done = service.mark_published(session, "batch-1", at=clock.now())
            assert [edition.number for edition in done] == expected

    with database.reading() as session:
        before = queries.in_force_at(session, clock.now() + timedelta(seconds=59))
        after = queries.in_force_at(session, clock.now() + timedelta(seconds=60))
    assert before is not None
    assert after is not None
    assert (before.number, after.number) == (1, 2)


def test_an_edition_on_its_way_is_taken_by_one_runner(
    database: Database, clock: FrozenClock, first: Edition
) -> None:
    number = _draft(database, clock).number
    _approve(database, number)
    with database.transaction() as session:
        _publishing(session, number, clock)

    with database.transaction() as session:
        later = clock.now() + timedelta(minutes=1)
        assert not service.mark_publishing(
            session, number, batch_id="batch-2", effective_from=later
        )
