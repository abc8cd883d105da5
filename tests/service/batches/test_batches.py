"""The sending pipeline: legal moves only, one nonce once, bytes before sending."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from backend.batches import queries, service
from backend.batches.models import Attempt, Batch
from backend.batches.rules import LEGAL, BatchKind, BatchState, Fees
from backend.db.engine import Database
from tests.support import builders
from tests.support.builders import GENESIS
from tests.support.clock import FrozenClock

PAIRS = [(source, target) for source in BatchState for target in BatchState]
FEES = Fees(2_000_000_000, 1_000_000_000)


def _state(database: Database, batch_id: str) -> str:
    with database.reading() as session:
        return session.get_one(Batch, batch_id).state


def _reserve(database: Database, clock: FrozenClock, *, chain_nonce: int = 0) -> int | None:
    try:
        with database.transaction() as session:
            return service.reserve(
                session,
                sender=builders.sender(),
                call=service.Call(BatchKind.MINT, "0x" + "01" * 20, "0x", gas=1),
                fees=FEES,
                chain_nonce=chain_nonce,
                at=clock.now(),
            ).nonce
    except IntegrityError:
        return None


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=str)
def test_the_service_moves_a_batch_exactly_as_the_table_allows(
    sqlite_database: Database, clock: FrozenClock, source: BatchState, target: BatchState
) -> None:
    batch = builders.make_batch(sqlite_database, clock, state=source)

    with sqlite_database.transaction() as session:
        moved = service.move(session, batch.id, target)

    assert moved == ((source, target) in LEGAL)
    assert _state(sqlite_database, batch.id) == (target if moved else source)


@pytest.mark.parametrize("state", BatchState)
def test_the_database_takes_every_state_of_the_table(
    database: Database, clock: FrozenClock, state: BatchState
) -> None:
    assert builders.make_batch(database, clock, state=state).state == state


@pytest.mark.parametrize("column", ["state", "kind"])
def test_the_database_refuses_a_word_that_the_table_does_not_have(
    database: Database, clock: FrozenClock, column: str
) -> None:
    batch = builders.make_batch(database, clock)

    with pytest.raises(IntegrityError), database.transaction() as session:
        row = session.get_one(Batch, batch.id)
        setattr(row, column, "lost")
        session.add(row)


def test_of_two_runners_that_confirm_one_succeeds(database: Database, clock: FrozenClock) -> None:
    batch = builders.make_batch(database, clock, state=BatchState.MINED)
    start = threading.Barrier(8)

    def confirm(_: int) -> bool:
        start.wait()
        with database.transaction() as session:
            return service.move(session, batch.id, BatchState.CONFIRMED)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(confirm, range(8))) == 1


def test_nonces_are_given_out_in_order_from_what_the_chain_has_used(
    database: Database, clock: FrozenClock
) -> None:
    assert [_reserve(database, clock, chain_nonce=7) for _ in range(3)] == [7, 8, 9]


def test_a_nonce_is_given_out_once_to_runners_that_race(
    database: Database, clock: FrozenClock
) -> None:
    start = threading.Barrier(10)

    def reserve(_: int) -> int | None:
        start.wait()
        return _reserve(database, clock)

    with ThreadPoolExecutor(10) as pool:
        given = [nonce for nonce in pool.map(reserve, range(10)) if nonce is not None]

    assert given
    assert sorted(given) == list(range(len(given)))


def test_two_keys_have_their_own_nonces(database: Database, clock: FrozenClock) -> None:
    minter = builders.make_batch(database, clock)
    rules = builders.make_batch(database, clock, by=builders.sender("rules"))

    assert (minter.nonce, rules.nonce) == (0, 0)


def test_a_new_chain_starts_its_nonces_anew(database: Database, clock: FrozenClock) -> None:
    builders.make_batch(database, clock)
    other = builders.sender(genesis_hash="0x" + "cd" * 32)

    assert builders.make_batch(database, clock, by=other).nonce == 0
    with database.reading() as session:
        assert len(queries.in_state(session, GENESIS, BatchState.RESERVED)) == 1


def test_a_repeated_signature_is_stored_once(database: Database, clock: FrozenClock) -> None:
    batch = builders.make_batch(database, clock)

    for _ in range(2):
        with database.transaction() as session:
            service.store_attempt(
                session, batch, raw="0x01", tx_hash="0xaa", fees=FEES, at=clock.now()
            )

    with database.reading() as session:
        assert len(session.exec(select(Attempt)).all()) == 1
        assert queries.is_own_transaction(session, "0xaa")
        assert not queries.is_own_transaction(session, "0xbb")
    assert _state(database, batch.id) == BatchState.SIGNED


def test_a_mined_batch_is_not_marked_sent_by_a_late_runner(
    database: Database, clock: FrozenClock
) -> None:
    batch = builders.make_batch(database, clock, state=BatchState.MINED)

    with database.transaction() as session:
        service.mark_sent(session, batch.id, at=clock.now())

    assert _state(database, batch.id) == BatchState.MINED
