"""One schedule on a running stack: a process dies at a point, more goes wrong, then all heals."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from backend.db import outbox
from tests.faults.points import POINTS, Point
from tests.faults.processes import judge
from tests.faults.processes.dying import WEB_POINTS
from tests.faults.processes.stack import Stack
from tests.faults.processes.strikes import STRIKES, Cure, Strike
from tests.faults.processes.town import PEOPLE, Answers, Citizen, Town

CLAIMS_EACH = 5
"""Rewards of a schedule: this times PEOPLE; the first edition takes ten deposits a day."""
STRIKES_EACH = 3
TROUBLE_S = 2.0
REACH_S = 60.0
QUIET_BLOCKS = 4
SETTLE_S = 180.0
"""Stuck is what does not move in so long; a crowded machine needs a third of it."""


@dataclass
class Outcome:
    """What a schedule did and how it ended.

    Attributes:
        point: Where a process killed itself.
        complaints: What is wrong at the end; empty when every promise was kept.
        deaths: Processes that ended, by place.
        drain_s: Seconds from the end of all causes to the last settled item.
    """

    seed: int
    database: str
    point: str
    complaints: list[str] = field(default_factory=list)
    strikes: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    rewards: int = 0
    payments: int = 0
    took_s: float = 0.0
    drain_s: float = 0.0


class Schedule:
    """One seeded schedule; the plan follows from the seed, its moments from the machine.

    Args:
        town: Of the stack; its citizens of earlier schedules have points to spend.
    """

    def __init__(self, stack: Stack, town: Town, seed: int) -> None:
        self._stack, self._town = stack, town
        self._random = Random(seed)
        self._point: Point = POINTS[seed % len(POINTS)]
        self._answers = Answers()
        self._stop = threading.Event()
        kind = "sqlite" if stack.database.is_sqlite else "postgresql"
        self.outcome = Outcome(seed, kind, self._point.name)

    def run(self) -> Outcome:
        """Play it."""
        began_s = time.monotonic()
        before = {name: len(post.deaths) for name, post in self._stack.posts.items()}
        citizens = self._town.arrive()
        self._arm()
        claimers = [
            threading.Thread(target=self._claim_all, args=(citizen,), daemon=True)
            for citizen in citizens
        ]
        for thread in claimers:
            thread.start()
        self._trouble()
        self._reach_point(citizens)
        for thread in claimers:
            thread.join(REACH_S)
        self._settle()
        self._town.rich = citizens
        self.outcome.complaints += judge.complaints(self._stack, self._answers)
        self.outcome.rewards = len(self._answers.claims)
        self.outcome.payments = len(self._answers.payments)
        for name, post in self._stack.posts.items():
            self.outcome.deaths[name] = len(post.deaths) - before[name]
        self.outcome.took_s = round(time.monotonic() - began_s, 1)
        return self.outcome

    def _arm(self) -> None:
        crash_at = f"{self._point.name}:{self._random.randint(1, 2)}"
        self._place = "web" if self._point.name in WEB_POINTS else "jobs"
        post = self._stack.posts[self._place]
        self._stack.kill(self._place, crash_at=crash_at)
        self._suicides = post.died_by_itself
        if self._point.name == "CP18":
            self._write_mail()

    def _claim_all(self, citizen: Citizen) -> None:
        for _ in range(CLAIMS_EACH):
            self._town.claim(citizen, self._answers, self._stop)
            self._stop.wait(self._random.random() * TROUBLE_S / CLAIMS_EACH)

    def _trouble(self) -> None:
        """Let strikes begin and end at drawn moments, while people pay."""
        draw = self._random
        first = STRIKES[self.outcome.seed % len(STRIKES)]
        others = draw.sample([s for s in STRIKES if s is not first], STRIKES_EACH - 1)
        # (moment, number, strike): the number keeps the order of equal moments.
        begins = [(draw.uniform(0, TROUBLE_S), n, s) for n, s in enumerate([first, *others])]
        lasts = [draw.uniform(0.2, 1.2) for _ in begins]
        cures: list[tuple[float, Cure]] = []
        began_s = time.monotonic()
        while begins or cures:
            now_s = time.monotonic() - began_s
            for begin in [b for b in begins if b[0] <= now_s]:
                begins.remove(begin)
                cures.append((now_s + lasts[begin[1]], self._strike(begin[2])))
            for cure in [c for c in cures if c[0] <= now_s]:
                cures.remove(cure)
                cure[1]()
            if draw.random() < 0.1:
                self._spend()
            time.sleep(0.02)

    def _strike(self, strike: Strike) -> Cure:
        self.outcome.strikes[strike.name] += 1
        return strike.begin(self._stack, self._random)

    def _spend(self) -> None:
        if self._town.rich and len(self._answers.payments) < PEOPLE:
            self._town.pay(self._random.choice(self._town.rich), self._answers)
        elif self._answers.payments and self._random.random() < 0.2:
            self._town.cash_out(self._answers)

    def _reach_point(self, citizens: list[Citizen]) -> None:
        """Go on with everyday life until the process has died at its point."""
        post = self._stack.posts[self._place]
        deadline_s = time.monotonic() + REACH_S
        # Ten deposits a day is what the first edition pays for.
        extra = CLAIMS_EACH * len(citizens)
        while post.died_by_itself <= self._suicides:
            if time.monotonic() > deadline_s:
                self.outcome.complaints.append(f"{self._point.name} was never reached")
                return
            if self._point.name == "CP18":
                self._write_mail()
            elif self._point.name == "PAY" and self._town.rich:
                self._town.pay(self._random.choice(self._town.rich), self._answers)
            elif extra:
                extra -= 1
                citizen = citizens[extra % len(citizens)]
                threading.Thread(
                    target=self._town.claim, args=(citizen, self._answers, self._stop), daemon=True
                ).start()
            time.sleep(0.2)

    def _settle(self) -> None:
        """Wait until nothing is under way, and stays so for some blocks."""
        began_s = time.monotonic()
        settled_s = began_s
        while time.monotonic() - began_s < SETTLE_S:
            if not judge.still_open(self._stack):
                settled_s = time.monotonic()
                self._stack.anvil.wait_for_blocks(QUIET_BLOCKS)
                if not judge.still_open(self._stack):
                    break
            time.sleep(0.05)
        self._stop.set()
        self.outcome.drain_s = round(settled_s - began_s, 1)

    def _write_mail(self) -> None:
        payload = {"to": "person@test.example", "subject": "Code", "text": "123456"}
        key = f"mail-{self.outcome.seed}-{time.monotonic()}"
        with self._stack.database.transaction() as session:
            outbox.enqueue(
                session, kind="mail", dedupe_key=key, payload=payload, at=self._town.clock.now()
            )
