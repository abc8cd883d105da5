"""Two runners, one of which stands still between what it saw and what it writes.

Every change of a batch's state names the states it may come from, so whoever wakes up late
writes nothing. Without that fence the same schedules leave states that the chain contradicts.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest

from backend.batches import service as batches
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db.engine import Database
from backend.jobs.context import Context
from backend.jobs.steps import send
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from tests.faults.points import Point
from tests.faults.trap import Trap, TrappedDatabase
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock
from tests.support.fakes import KEYS
from tests.support.works import CONFIRMATIONS, Works

STEP = "stale"
BEFORE_WRITING = Point(STEP, "decided, not written", frozenset({STEP}), "begin", is_after=False)


@dataclass
class Two:
    """A runner that will stand still, and the works that another runner does meanwhile."""

    works: Works
    stale: Context
    trap: Trap

    def stand_still_in(
        self, step: Callable[[Context], bool], *, while_: Callable[[], None]
    ) -> None:
        """Run a step of the stale runner; `while_` happens before its first write."""
        self.trap.step = STEP
        self.trap.set(BEFORE_WRITING, while_)
        step(self.stale)
        assert self.trap.point is None, "the step had nothing to write"


@pytest.fixture
def two(sqlite_database: Database, clock: FrozenClock) -> Iterator[Two]:
    builders.make_incarnation(sqlite_database, clock)
    builders.make_edition(sqlite_database, clock)
    works, trap = Works(sqlite_database, clock), Trap()
    works.node.books.incarnation = builders.INCARNATION
    database = TrappedDatabase(sqlite_database.url).pass_through(trap)
    yield Two(works, replace(works.context, database=database), trap)
    database.dispose()


@pytest.fixture
def kiosk(two: Two) -> Terminal:
    return builders.make_kiosk(two.works.database, two.works.clock)


def _without_fence() -> AbstractContextManager[Any]:
    return patch.object(batches, "sources_of", lambda _target: list(BatchState))


def _contradictions(works: Works) -> list[str]:
    """Return what the rows say of mints that the chain does not."""
    found = []
    for batch in works.all(Batch):
        if batch.kind == BatchKind.MINT:
            is_mined = works.node.mined(batch.tx_hash) is not None if batch.tx_hash else False
            if (batch.state in (BatchState.MINED, BatchState.CONFIRMED)) != is_mined:
                found.append(f"a batch is {batch.state}, mined: {is_mined}")
    found += [
        f"reward {reward.reward_id} is shown as paid and is not on chain"
        for reward in works.all(Reward)
        if reward.state == RewardState.CONFIRMED
        and reward.reward_id not in works.node.books.consumed
    ]
    return found


def _sent(two: Two, kiosk: Terminal) -> None:
    works = two.works
    works.claim(builders.make_citizen(works.database, works.clock).id, kiosk.slot_code())
    works.steps()
    assert works.states(Batch) == [BatchState.SENT]


def _gives_back_what_was_mined(two: Two, kiosk: Terminal) -> None:
    """Saw the nonce taken on a branch that is gone; the other runner has confirmed meanwhile."""
    _sent(two, kiosk)
    node = two.works.node
    waiting = dict(node._pool)
    node.empty_pool()
    node.use_nonce(KEYS["minter"])

    def meanwhile() -> None:
        node.reorganise(1, forget=True)
        node._pool |= waiting
        node.mine(CONFIRMATIONS)
        two.works.steps()
        two.works.steps()

    two.stand_still_in(send.watch_sent, while_=meanwhile)


def _confirms_what_was_dropped(two: Two, kiosk: Terminal) -> None:
    """Saw it deep enough; a deeper reorganisation dropped it, as the other runner knows."""
    _sent(two, kiosk)
    node = two.works.node
    node.mine()
    send.watch_sent(two.works.context)
    assert two.works.states(Batch) == [BatchState.MINED]
    node.mine(CONFIRMATIONS)

    def meanwhile() -> None:
        node.reorganise(CONFIRMATIONS + 1, forget=True)
        send.confirm_mined(two.works.context)
        assert two.works.states(Batch) == [BatchState.SENT]

    two.stand_still_in(send.confirm_mined, while_=meanwhile)


@pytest.mark.parametrize("wakes_up", [_gives_back_what_was_mined, _confirms_what_was_dropped])
@pytest.mark.parametrize("is_fenced", [True, False], ids=["fenced", "fence taken out"])
def test_who_wakes_up_late_changes_nothing(
    two: Two, kiosk: Terminal, wakes_up: Callable[[Two, Terminal], None], is_fenced: bool
) -> None:
    with nullcontext() if is_fenced else _without_fence():
        wakes_up(two, kiosk)

        found = _contradictions(two.works)

    assert bool(found) is not is_fenced, found
