from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from backend.db import outbox
from backend.db.engine import Database
from backend.db.outbox import OutboxMessage
from tests.support.clock import NOON

LEASE = timedelta(seconds=30)


def _enqueue(database: Database, *keys: str, at: datetime = NOON) -> None:
    with database.transaction() as session:
        for key in keys:
            outbox.enqueue(session, kind="mail", dedupe_key=key, payload={"to": key}, at=at)


def _lease(database: Database, now: datetime, *, limit: int = 10) -> list[OutboxMessage]:
    with database.transaction() as session:
        return list(outbox.lease(session, kind="mail", now=now, limit=limit, lease_for=LEASE))


def _only(database: Database) -> OutboxMessage:
    with database.reading() as session:
        return session.exec(select(OutboxMessage)).one()


def test_an_effect_is_queued_once_per_key(database: Database) -> None:
    _enqueue(database, "welcome/1")
    _enqueue(database, "welcome/1")

    assert [message.dedupe_key for message in _lease(database, NOON)] == ["welcome/1"]


def test_a_rolled_back_fact_leaves_no_effect(database: Database) -> None:
    with pytest.raises(InterruptedError), database.transaction() as session:
        outbox.enqueue(session, kind="mail", dedupe_key="a", payload={}, at=NOON)
        raise InterruptedError

    assert _lease(database, NOON) == []


def test_a_leased_message_is_hidden_until_its_lease_ends(database: Database) -> None:
    _enqueue(database, "a")

    assert len(_lease(database, NOON)) == 1
    assert _lease(database, NOON + LEASE - timedelta(seconds=1)) == []
    assert len(_lease(database, NOON + LEASE)) == 1


def test_a_message_waits_for_its_time(database: Database) -> None:
    _enqueue(database, "a", at=NOON + timedelta(minutes=5))

    assert _lease(database, NOON) == []
    assert len(_lease(database, NOON + timedelta(minutes=5))) == 1


def test_messages_of_another_kind_are_left_alone(database: Database) -> None:
    with database.transaction() as session:
        outbox.enqueue(session, kind="webhook", dedupe_key="a", payload={}, at=NOON)

    assert _lease(database, NOON) == []


def test_ten_runners_never_hold_one_message_at_a_time(database: Database) -> None:
    _enqueue(database, *(f"mail/{number}" for number in range(40)))

    with ThreadPoolExecutor(10) as pool:
        taken = list(pool.map(lambda _: _lease(database, NOON, limit=7), range(10)))

    keys = [message.dedupe_key for batch in taken for message in batch]
    assert len(keys) == len(set(keys))


def test_a_delivered_message_never_comes_back(database: Database) -> None:
    _enqueue(database, "a")
    (message,) = _lease(database, NOON)

    with database.transaction() as session:
        outbox.mark_done(session, message.id)

    assert _lease(database, NOON + timedelta(days=1)) == []
    assert _only(database).payload == {}, "addresses and one-time codes are not kept"


def test_a_failed_message_comes_back_later_each_time(database: Database) -> None:
    _enqueue(database, "a")
    now, pauses = NOON, []

    for _ in range(3):
        (message,) = _lease(database, now)
        with database.transaction() as session:
            outbox.mark_failed(session, message, error="refused", now=now)
        pauses.append(_only(database).not_before - now)
        now = _only(database).not_before

    assert pauses == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]


def test_a_message_is_buried_after_its_last_try_and_says_why(database: Database) -> None:
    _enqueue(database, "a")
    now = NOON

    for _ in range(outbox.MAX_ATTEMPTS):
        (message,) = _lease(database, now)
        with database.transaction() as session:
            outbox.mark_failed(session, message, error="mailbox full", now=now)
        now += timedelta(hours=2)

    assert _lease(database, now) == []
    assert (_only(database).state, _only(database).last_error) == ("buried", "mailbox full")
