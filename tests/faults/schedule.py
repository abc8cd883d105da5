"""Seeded schedules: the real jobs on a real SQLite file, with faults and crashes drawn by a seed.

A schedule admits claims while steps run, blocks are mined, answers get lost, nodes and
signers go away, pools forget, branches are replaced, and the process dies before or after
any call or commit. Then everything heals, and the books must say: each reward minted
once, none lost, none stuck.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.jobs import runner
from backend.ledger import names
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import Works

REWARDS = 20
PEOPLE = 4
MIN_FAULTS = 3
HEALING_ROUNDS = 14
FAULTS = (
    "crash_before",
    "crash_after",
    "node_down",
    "wallet_down",
    "wallet_answer_lost",
    "pool_forgets",
    "reorganised",
    "reorganised_and_forgotten",
)


def _steps() -> list[runner.Step]:
    """Return the steps of a fresh process, but for the one that only compares."""
    return [step for step in runner.steps() if step.name != "reconcile"]


class Crash(BaseException):
    """The process is gone at once; nothing catches it and no `finally` talks to the world."""


class Trap:
    """Kills the process at the n-th call or commit from now on, once."""

    def __init__(self) -> None:
        self.left = 0
        self.is_after = False
        self.reached: Counter[tuple[str, str]] = Counter()

    def set(self, after_calls: int, *, is_after: bool) -> None:
        """Arm it."""
        self.left, self.is_after = after_calls, is_after

    def around(self, point: str, call: Callable[[], Any]) -> Any:
        """Run a call, or die before or after it."""
        if self.left == 0:
            return call()
        self.left -= 1
        if self.left > 0:
            return call()
        kind = "crash_after" if self.is_after else "crash_before"
        self.reached[point, kind] += 1
        if self.is_after:
            call()
        raise Crash(point)


class Trapped:
    """Hands every call of a fake on, through the trap."""

    def __init__(self, inner: object, trap: Trap) -> None:
        self._inner = inner
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            return self._trap.around(name, lambda: found(*arguments, **options))

        return call


class TrappedDatabase(Database):
    """A database whose commits go through the trap."""

    def __init__(self, url: str, trap: Trap) -> None:
        super().__init__(url)
        self._trap = trap

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Die before the commit (all is rolled back) or right after it (all is kept)."""
        if self._trap.left == 0:
            with super().transaction() as session:
                yield session
            return
        self._trap.left -= 1
        dies = self._trap.left == 0
        kind = "crash_after" if self._trap.is_after else "crash_before"
        with super().transaction() as session:
            yield session
            if dies and not self._trap.is_after:
                self._trap.reached["commit", kind] += 1
                raise Crash("commit")
        if dies:
            self._trap.reached["commit", kind] += 1
            raise Crash("commit")


class Schedule:
    """One seeded run.

    Args:
        url: A fresh, migrated SQLite database.
        seed: The same seed gives the same run.
    """

    def __init__(self, url: str, seed: int) -> None:
        self._random = random.Random(seed)
        self.trap = Trap()
        self.faults: Counter[str] = Counter()
        clock = FrozenClock()
        database = TrappedDatabase(url, self.trap)
        builders.make_incarnation(database, clock)
        builders.make_edition(database, clock)
        self.works = Works(database, clock)
        self._kiosk = builders.make_kiosk(database, clock)
        self.people: list[Account] = [
            builders.make_citizen(database, clock, has_address=i % 2 == 0) for i in range(PEOPLE)
        ]
        self.works.context = replace(
            self.works.context,
            node=Trapped(self.works.node, self.trap),
            wallet=Trapped(self.works.wallet, self.trap),
        )
        self._left = REWARDS

    def run(self) -> None:
        """Play until all claims are in and enough went wrong, then heal."""
        while self._left or sum(self.faults.values()) < MIN_FAULTS:
            self._one_move()
        self._heal()

    def close(self) -> None:
        """Close the database."""
        self.works.database.dispose()

    def _one_move(self) -> None:
        draw = self._random.random()
        if draw < 0.35 and self._left:
            self._claim()
        elif draw < 0.75:
            self._steps()
        elif draw < 0.9:
            self.works.node.mine(self._random.randint(1, 3))
            self.works.clock.advance(seconds=self._random.randint(1, 25))
        else:
            self._fault()

    def _claim(self) -> None:
        who = self.people[self._left % PEOPLE]
        self._left -= 1
        # A slot holds one code at a time: the next code of the kiosk, seconds later.
        self.works.clock.advance(seconds=31)
        self.works.claim(who.id, self._kiosk.slot_code(), key=f"claim-{self._left:04d}")

    def _steps(self) -> None:
        try:
            runner.run_once(self.works.context, _steps())
        except Crash:
            self.trap.left = 0

    def _fault(self) -> None:
        kind = self._random.choice(FAULTS)
        self.faults[kind] += 1
        node, wallet = self.works.node, self.works.wallet
        match kind:
            case "crash_before" | "crash_after":
                self.trap.set(self._random.randint(1, 40), is_after=kind == "crash_after")
                self._steps()
                self.trap.left = 0
            case "node_down":
                names_of = ("*", "send", "mined", "estimate_gas", "transaction_count", "logs")
                with node.without(self._random.choice(names_of)):
                    self._steps()
            case "wallet_down":
                wallet.is_down = True
                self._steps()
                wallet.is_down = False
            case "wallet_answer_lost":
                wallet.loses_answers = True
                self._steps()
                wallet.loses_answers = False
            case "pool_forgets":
                node.empty_pool()
            case _:
                depth = min(self._random.choice((1, 2, 3, 6)), node.head().number)
                if depth:
                    node.reorganise(depth, forget=kind == "reorganised_and_forgotten")

    def _heal(self) -> None:
        self.trap.left = 0
        for _ in range(HEALING_ROUNDS):
            self._steps()
            self.works.node.mine()
            self.works.clock.advance(seconds=20)
        self._steps()

    # --- verdict ------------------------------------------------------------------------------

    def complaints(self) -> list[str]:
        """Return what is wrong at the end: lost, doubled or stuck rewards, unequal books."""
        rewards = list(self.works.all(Reward))
        expected_units = sum(reward.units for reward in rewards)
        chain_units = sum(self.works.node.books.units.values())
        found = []
        if len(rewards) != REWARDS:
            found.append(f"{REWARDS - len(rewards)} rewards are lost before the batch")
        stuck = [r.reward_id for r in rewards if r.state != RewardState.CONFIRMED]
        if stuck:
            found.append(f"{len(stuck)} rewards are stuck")
        missing = [
            r.reward_id for r in rewards if r.reward_id not in self.works.node.books.consumed
        ]
        if missing:
            found.append(f"{len(missing)} rewards are not on chain")
        if chain_units != expected_units:
            found.append(f"the chain holds {chain_units} units, the books {expected_units}")
        confirmed = sum(self.works.units(names.confirmed(person.id)) for person in self.people)
        if confirmed != expected_units:
            found.append(f"citizens hold {confirmed} of {expected_units} units")
        return found
