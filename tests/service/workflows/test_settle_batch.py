"""Confirmations beside verdicts: the books stay right and nobody waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlmodel import col, select

from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchState
from backend.db.engine import Database
from backend.ledger import names, queries
from backend.rewards import service as rewards
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from backend.workflows import settle_batch
from backend.workflows.admit_claims import ClaimRequest, admit
from backend.workflows.decide_claim import decide_next
from backend.workflows.settle_batch import ChainFacts
from tests.support import builders
from tests.support.builders import GLASS_UNITS, REGION, Terminal
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

PEOPLE = [f"person-{number}" for number in range(6)]


def _admit(database: Database, clock: FrozenClock, kiosk: Terminal, first_seq: int) -> None:
    requests = [
        ClaimRequest(person, f"key-{first_seq}-{n}", kiosk.slot_code(seq=first_seq + n))
        for n, person in enumerate(PEOPLE)
    ]
    with database.transaction() as session:
        admit(session, requests, now=clock.now())


def _decide_all(database: Database, clock: FrozenClock) -> None:
    while True:
        with database.transaction() as session:
            if decide_next(session, region=REGION, now=clock.now()) is None:
                return


def _batch(database: Database, clock: FrozenClock, *, is_reversed: bool) -> Batch:
    """Put one ready reward of each person into a mined batch."""
    batch = builders.make_batch(database, clock, state=BatchState.MINED)
    with database.transaction() as session:
        ready = select(Reward).where(col(Reward.state) == RewardState.READY)
        one_each = {reward.account_id: reward for reward in session.exec(ready).all()}
        people = reversed(PEOPLE) if is_reversed else PEOPLE
        recipients = {one_each[person].reward_id: "0x" + "11" * 20 for person in people}
        assert rewards.put_in_batch(session, recipients, batch.id) == len(PEOPLE)
    return batch


def test_confirmations_and_verdicts_of_the_same_people_do_not_block_each_other(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    for round_ in range(2):
        _admit(database, clock, kiosk, first_seq=round_ * 10)
    _decide_all(database, clock)
    batches = [_batch(database, clock, is_reversed=is_reversed) for is_reversed in (False, True)]
    _admit(database, clock, kiosk, first_seq=20)
    start = threading.Barrier(4)

    def confirm(batch: Batch) -> None:
        start.wait()
        with database.transaction() as session:
            assert settle_batch.confirm(session, batch, ChainFacts(), at=clock.now())

    def decide() -> None:
        start.wait()
        _decide_all(database, clock)

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(confirm, batch) for batch in batches]
        running += [pool.submit(decide), pool.submit(decide)]
        for task in running:
            task.result(timeout=30)

    with database.reading() as session:
        assert_books_balance(session)
        for person in PEOPLE:
            assert queries.balance(session, names.confirmed(person)) == 2 * GLASS_UNITS
            assert queries.balance(session, names.pending(person)) == GLASS_UNITS


def test_a_batch_is_confirmed_once_however_many_runners_see_it(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    _admit(database, clock, kiosk, first_seq=0)
    _decide_all(database, clock)
    batch = _batch(database, clock, is_reversed=False)
    start = threading.Barrier(6)

    def confirm(_: int) -> bool:
        start.wait()
        with database.transaction() as session:
            return settle_batch.confirm(session, batch, ChainFacts(), at=clock.now())

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(confirm, range(6))) == 1

    with database.reading() as session:
        assert_books_balance(session)
        for person in PEOPLE:
            assert queries.balance(session, names.confirmed(person)) == GLASS_UNITS


def test_a_final_batch_that_a_deep_reorganisation_dropped_is_minted_again_and_booked_once(
    database: Database, clock: FrozenClock
) -> None:
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    kiosk = builders.make_kiosk(database, clock)
    _admit(database, clock, kiosk, 0)
    _decide_all(database, clock)
    lost = _batch(database, clock, is_reversed=False)
    with database.transaction() as session:
        settle_batch.confirm(session, lost, ChainFacts(), at=clock.now())
    with database.transaction() as session:
        assert batches.move(session, lost.id, BatchState.SENT)
        assert settle_batch.give_back(session, lost, BatchState.REPLACED, error="nonce taken")

    again = _batch(database, clock, is_reversed=False)
    with database.transaction() as session:
        settle_batch.confirm(session, again, ChainFacts(), at=clock.now())

    with database.reading() as session:
        assert_books_balance(session)
        assert {queries.balance(session, names.confirmed(one)) for one in PEOPLE} == {GLASS_UNITS}
        states = {reward.state for reward in session.exec(select(Reward)).all()}
    assert states == {RewardState.CONFIRMED}
