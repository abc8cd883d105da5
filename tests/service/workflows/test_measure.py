from sqlalchemy import update

from backend.batches.rules import BatchState
from backend.db import outbox
from backend.db.engine import Database
from backend.workflows.measure import Measures, Queue, measure
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import Works


def _measure(database: Database, clock: FrozenClock) -> Measures:
    with database.reading() as session:
        return measure(session, now=clock.now())


def test_nothing_waits_in_an_empty_system(database: Database, clock: FrozenClock) -> None:
    found = _measure(database, clock)

    assert set(found.queues.values()) == {Queue(0, 0)}
    assert set(found.batches_by_state) == {str(state) for state in BatchState}
    assert set(found.batches_by_state.values()) == {0}
    assert (found.missing_nonces, found.orphan_mints, found.mails_buried) == (0, 0, 0)


def test_a_claim_waits_for_its_verdict_and_then_for_the_chain(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    works = Works(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    alice = builders.make_citizen(database, clock)
    works.claim(alice.id, kiosk.slot_code())
    clock.advance(seconds=7)

    waiting = _measure(database, clock).queues["verdict"]
    works.run()
    done = _measure(database, clock)

    assert waiting == Queue(1, 7)
    assert done.queues["verdict"] == Queue(0, 0)
    assert done.queues["mint"] == Queue(0, 0)
    assert done.batches_by_state["confirmed"] == 1


def test_an_open_batch_is_as_old_as_its_reservation(database: Database, clock: FrozenClock) -> None:
    builders.make_batch(database, clock, state=BatchState.SENT)
    clock.advance(minutes=3)
    builders.make_batch(database, clock, state=BatchState.CONFIRMED)

    found = _measure(database, clock)

    assert found.queues["chain"] == Queue(1, 180)
    assert (found.batches_by_state["sent"], found.batches_by_state["confirmed"]) == (1, 1)
    assert found.missing_nonces == 0


def test_a_skipped_nonce_is_counted(database: Database, clock: FrozenClock) -> None:
    builders.make_batch(database, clock)
    skipping = builders.make_batch(database, clock)
    with database.transaction() as session:
        skipping.nonce += 3
        session.add(skipping)

    assert _measure(database, clock).missing_nonces == 3


def test_an_effect_given_up_is_counted(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        outbox.enqueue(session, kind="mail", dedupe_key="a", payload={}, at=clock.now())
    assert _measure(database, clock).queues["outbox"].count == 1
    with database.transaction() as session:
        session.execute(update(outbox.OutboxMessage).values(state="buried"))

    found = _measure(database, clock)

    assert found.mails_buried == 1
    assert found.queues["outbox"] == Queue(0, 0)
