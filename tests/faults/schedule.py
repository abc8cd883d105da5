"""Seeded schedules: the real jobs on a real SQLite file, with faults and crashes drawn by a seed.

People claim, pay and a shop cashes out while steps run, blocks are mined, answers get lost,
nodes and signers go away or lie, pools forget, branches are replaced, and the process dies
at named points while all that happens. Then everything heals, and the books must say: each
reward minted once, none lost, none stuck, and ledger, events and contracts agree.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from sqlalchemy import event

from backend.accounts.models import Account
from backend.actions.models import Claim
from backend.db import outbox
from backend.jobs import runner
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants.rules import MerchantState
from backend.settlement import service as settlement
from backend.settlement.errors import NothingToCashOutError
from backend.workflows import pay_merchant
from backend.workflows.admit_claims import ClaimRequest, admit
from tests.faults import rhythm, verdict
from tests.faults.kinds import KINDS, OTHER_RUNNER, PAIRS, Cure, Kind
from tests.faults.points import Point
from tests.faults.seeded import drawn_by
from tests.faults.trap import Crash, Trap, Trapped, TrappedDatabase
from tests.faults.world import World
from tests.support import builders
from tests.support.clock import FrozenClock

REWARDS = 20
PEOPLE = 6
MAX_CLAIMS = 50
HELD_BACK = 10
"""Claims that are kept for each pair whose turn is still to come: its point may need some."""
DEPOSITS_MAX = 10
"""Of a person and day: the cap of the first edition. One more is accepted and earns nothing."""
PAIRS_EACH = 2
MAX_MOVES = 600
ROUND_S = 10
HEALING_ROUNDS = 40
QUIET_ROUNDS = 3
"""What looks settled must stay so: indexer and sweep see a replaced branch a round later."""
DRAIN_MAX_S = 120
"""Virtual seconds within which everything is settled once nothing is wrong any more."""
RATE_MICRO_CENTS = 100_000
_SHUFFLED = list(PAIRS)
Random(0).shuffle(_SHUFFLED)


@dataclass(frozen=True)
class Plan:
    """What a suite lets go wrong.

    Attributes:
        pairs: Points at which the process dies, each with what strikes at that moment.
        kinds: What strikes at other times.
        strikes_min: Strikes of a schedule, those at the pairs included.
        has_liar: Whether the jobs ask three nodes, the first of which may lie.
    """

    pairs: Sequence[tuple[Point, Kind]]
    kinds: Sequence[Kind] = KINDS
    strikes_min: int = 4
    has_liar: bool = False


def plan_of(seed: int) -> Plan:
    """Return two pairs of the list of all in turn, so that N seeds reach each 2 N / all times."""
    first = seed * PAIRS_EACH
    return Plan([_SHUFFLED[(first + i) % len(_SHUFFLED)] for i in range(PAIRS_EACH)])


@dataclass
class Outcome:
    """What a schedule did and how it ended.

    Attributes:
        complaints: What is wrong at the end; empty when every promise was kept.
        pairs: "point × kind" → how often the process was at that point with that fault.
        strikes: Kind → how often it struck.
        unnoticed: Lies of a node that changed nothing and that nobody noticed either.
        drain_s: Virtual seconds from the end of all causes to the last settled item.
        trace: A digest of every move, equal for two runs of one seed.
    """

    seed: int
    complaints: list[str] = field(default_factory=list)
    pairs: Counter[str] = field(default_factory=Counter)
    strikes: Counter[str] = field(default_factory=Counter)
    unnoticed: list[str] = field(default_factory=list)
    drain_s: int = 0
    rewards: int = 0
    payments: int = 0
    trace: str = ""


def pair_name(point: Point, kind: Kind) -> str:
    """Return how reports name a pair."""
    return f"{point.name} × {kind.name}"


class Schedule:
    """One seeded run.

    Args:
        url: A fresh, migrated SQLite database.
        seed: The same seed gives the same run.
        plan: What goes wrong; by default two pairs of crash and fault, and two more faults.
    """

    def __init__(self, url: str, seed: int, plan: Plan | None = None) -> None:
        self.random = Random(seed)
        self.trap = Trap()
        self.outcome = Outcome(seed)
        self._plan = plan or plan_of(seed)
        with drawn_by(self.random):
            self.works = self._build(url)
        self._pairs = list(self._plan.pairs)
        self._cures: list[tuple[int, Cure]] = []
        self._claimed = 0
        self._deposits: Counter[str] = Counter()
        self._pending: list[ClaimRequest] = []
        self.moves: list[str] = []
        self._process: list[rhythm.Rhythm] = []

    def _build(self, url: str) -> World:
        clock = FrozenClock()
        database = TrappedDatabase.at(url).pass_through(self.trap)
        if not event.contains(database.engine, "connect", _trust_the_cache):
            # A crash here is an exception, so what the operating system holds is never lost.
            event.listen(database.engine, "connect", _trust_the_cache)
        builders.make_incarnation(database, clock)
        builders.make_edition(database, clock)
        works = World(database, clock, has_liar=self._plan.has_liar)
        works.node.books.incarnation = builders.INCARNATION
        self._kiosk = builders.make_kiosk(database, clock)
        self.people: list[Account] = [
            builders.make_citizen(database, clock, has_address=i % 2 == 0) for i in range(PEOPLE)
        ]
        self.shop = builders.make_merchant(database, clock)
        builders.make_merchant(database, clock, state=MerchantState.DRAFT)
        works.context = replace(
            works.context,
            node=Trapped(works.context.node, self.trap),
            wallet=Trapped(works.wallet, self.trap),
            mail=Trapped(works.mail, self.trap),
        )
        return works

    def run(self) -> Outcome:
        """Play until all claims are in and enough went wrong, then heal and judge."""
        with drawn_by(self.random):
            while self._goes_on():
                self._one_move()
            self._heal()
            self.outcome.complaints += verdict.complaints(self.works, REWARDS)
            self.outcome.unnoticed = list(self.works.unnoticed)
        self._sum_up()
        return self.outcome

    def close(self) -> None:
        """Close the database."""
        self.works.database.dispose()

    def _goes_on(self) -> bool:
        if len(self.moves) > MAX_MOVES:
            point = self.trap.point
            self.outcome.complaints.append(f"{point and point.name} was never reached")
            return False
        is_armed = self.trap.point is not None
        is_over = self._claimed >= REWARDS and not self._pairs and not is_armed
        return not is_over or not self._has_struck()

    def _has_struck(self) -> bool:
        return sum(self.outcome.strikes.values()) >= self._plan.strikes_min

    def _one_move(self) -> None:
        self._end_causes()
        if self.trap.point is None and self._pairs and self._claimed > 2:
            self._arm(*self._pairs.pop())
        draw = self.random.random()
        if not self._needs_more() and not self._has_struck() and self.random.random() < 0.2:
            self._strike(self.random.choice(self._plan.kinds))
        elif draw < 0.25 and self._claimed < self._claims_max():
            self._passing("claim", self._claim)
        elif draw < 0.65:
            self._passing("steps", self._steps)
        elif draw < 0.82:
            self._note("mine")
            self.works.node.mine(self.random.randint(1, 3))
            self.works.clock.advance(seconds=self.random.randint(1, 25))
        elif draw < 0.92:
            self._passing("pay", self._pay)
        elif draw < 0.95:
            self._passing("cash out", self._cash_out)
        else:
            self._strike(self.random.choice(self._plan.kinds))

    def _claims_max(self) -> int:
        return MAX_CLAIMS - HELD_BACK * len(self._pairs) if self._needs_more() else REWARDS

    def _needs_more(self) -> bool:
        return self.trap.point is not None or bool(self._pairs)

    # --- faults -------------------------------------------------------------------------------

    def _arm(self, point: Point, kind: Kind) -> None:
        self._note(f"arm {pair_name(point, kind)}")
        self.trap.set(point, lambda: self._spring(point, kind))
        if point.name == "CP18":
            self._write_mail()

    def _spring(self, point: Point, kind: Kind) -> None:
        self.outcome.pairs[pair_name(point, kind)] += 1
        self._strike(kind)
        if kind is not OTHER_RUNNER:
            raise Crash(point.name)
        under_way = self.trap.step
        self._steps()
        self.trap.step = under_way

    def _strike(self, kind: Kind) -> None:
        self._note(f"strike {kind.name}")
        self.outcome.strikes[kind.name] += 1
        cure = kind.strike(self.works, self.random)
        self._cures.append((len(self.moves) + self.random.randint(2, 6), cure))

    def _end_causes(self) -> None:
        over = [cure for until, cure in self._cures if until <= len(self.moves)]
        self._cures = [(until, cure) for until, cure in self._cures if until > len(self.moves)]
        for cure in over:
            cure()

    def _passing(self, name: str, move: Cure) -> None:
        """Make a move that the trap may end; a new process starts with the next one."""
        self._note(name)
        self.trap.step = name
        try:
            move()
        except Crash as crash:
            self._process.clear()
            self._note(f"crash {crash}")

    def _note(self, what: str) -> None:
        self.moves.append(what)

    # --- what people and the process do ---------------------------------------------------------

    def _claim(self) -> None:
        if not self._pending:
            # The kiosk shows another code in each slot of 30 seconds, and after each use.
            self.works.clock.advance(seconds=31)
            able = [person for person in self.people if self._deposits[person.id] < DEPOSITS_MAX]
            first, count = len(self.moves), min(self.random.randint(1, PEOPLE), len(able))
            self._pending = [
                ClaimRequest(person.id, f"claim-{first:04d}-{i}", self._kiosk.slot_code(seq=i))
                for i, person in enumerate(self.random.sample(able, count))
            ]
        with self.works.database.transaction() as session:
            answers = admit(session, self._pending, now=self.works.clock.now())
        # Acknowledged. Before this line the phones repeat the same keys and codes.
        self._pending = []
        taken = [a for a in answers if isinstance(a, Claim) and a.state == "pending"]
        self._deposits.update(claim.account_id for claim in taken)
        self._claimed += len(taken)

    def _steps(self) -> None:
        if not self._process:
            self._process = rhythm.of_a_new_process()
        now = self.works.clock.now()
        due = [one for one in self._process if one.is_due(now)]
        runner.run_once(self.works.context, [one.step(self.trap, now) for one in due])

    def _pay(self) -> None:
        database, now = self.works.database, self.works.clock.now()
        payer = self.random.choice(self.people)
        units = self.random.randint(1, 60)
        with database.reading() as session:
            if ledger_queries.balance(session, names.confirmed(payer.id)) < units:
                return
        with database.transaction() as session:
            payment = pay_merchant.request(
                session, merchant_id=self.shop.id, units=units, label="pain", at=now
            )
        with database.transaction() as session:
            pay_merchant.pay(session, payment_id=payment.id, account_id=payer.id, now=now)
        self.outcome.payments += 1

    def _cash_out(self) -> None:
        try:
            with self.works.database.transaction() as session:
                settlement.request_cash_out(
                    session,
                    merchant_id=self.shop.id,
                    rate_micro_cents_per_unit=RATE_MICRO_CENTS,
                    at=self.works.clock.now(),
                )
        except NothingToCashOutError:
            return

    def _write_mail(self) -> None:
        payload = {"to": "person@test.example", "subject": "Code", "text": "123456"}
        with self.works.database.transaction() as session:
            outbox.enqueue(
                session, kind="mail", dedupe_key="mail", payload=payload, at=self.works.clock.now()
            )

    # --- the end ------------------------------------------------------------------------------

    def _heal(self) -> None:
        self.trap.unset()
        for _, cure in self._cures:
            cure()
        if self._pending:
            self._claim()
        began = settled_at = self.works.clock.now()
        quiet_rounds = 0
        for _ in range(HEALING_ROUNDS):
            self._steps()
            quiet_rounds = quiet_rounds + 1 if verdict.is_settled(self.works) else 0
            if quiet_rounds == 1:
                settled_at = self.works.clock.now()
            if quiet_rounds == QUIET_ROUNDS:
                break
            self.works.node.mine()
            self.works.clock.advance(seconds=ROUND_S)
        self.outcome.drain_s = int((settled_at - began).total_seconds())
        if self.outcome.drain_s > DRAIN_MAX_S:
            self.outcome.complaints.append(f"the queue took {self.outcome.drain_s} s to drain")

    def _sum_up(self) -> None:
        self.outcome.rewards = self._claimed
        self.outcome.trace = verdict.digest(self.works, self.moves)


def _trust_the_cache(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
