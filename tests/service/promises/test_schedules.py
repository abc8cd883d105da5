"""Queues of tills in any order, with copies, beside payments online: nothing is paid twice."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from random import Random

import pytest
from sqlmodel import select

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market.models import Payment
from backend.market.queries import SOLD
from backend.merchants.models import Merchant
from backend.promises import service as promises
from backend.promises.codes import Promise
from backend.promises.models import ArrivedPromise, PromisePass
from backend.web.handing_in import hand_in
from backend.workflows import pay_merchant, staff_a_till
from backend.workflows.close_day import ZONE
from backend.workflows.hand_in_promise import HandIn
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.promises import Phone, actor_of, allow, give_pass, promise_for
from tests.support.works import assert_books_balance

CLERK_UNITS = 3_000
START_UNITS = 9_000


class Week:
    """Two shops, a clerk, two citizens with a phone each, and what their phones signed."""

    def __init__(self, database: Database, clock: FrozenClock, dice: Random) -> None:
        self.database, self.clock, self.dice = database, clock, dice
        self.shops = [builders.make_merchant(database, clock) for _ in range(2)]
        for shop in self.shops:
            allow(database, clock, shop.id, clerk_units=CLERK_UNITS)
        self.people = [builders.make_citizen(database, clock, units=START_UNITS) for _ in range(2)]
        self.phones = [give_pass(database, clock, person) for person in self.people]
        with database.transaction() as session:
            self.owners = [session.get_one(Account, shop.owner_account_id) for shop in self.shops]
            clerk, _ = staff_a_till.hire(
                session,
                merchant_id=self.shops[0].id,
                name="Zoé",
                refund_limit_units=0,
                now=clock.now(),
            )
            self.clerk = session.get_one(Account, clerk.account_id)
        self.queue = [self._signed() for _ in range(14)]
        # A dishonest phone: another price and another shop under a number that it used.
        first = self.queue[0]
        self.queue += [
            promise_for(self._phone_of(first), merchant_id=shop.id, units=1_111,
                        signed_at=first.signed_at, nonce=first.nonce)
            for shop in self.shops
        ]  # fmt: skip
        self.answers: dict[tuple[str, str], set[tuple[str, str]]] = {}

    def _phone_of(self, promise: Promise) -> Phone:
        return next(phone for phone in self.phones if phone.pass_id == promise.pass_id)

    def _signed(self) -> Promise:
        dice = self.dice
        return promise_for(
            dice.choice(self.phones),
            merchant_id=dice.choice(self.shops).id,
            units=dice.choice([100, 700, 1_500, 2_000, 2_500]),
            signed_at=self.clock.now() + timedelta(hours=dice.randint(0, 180)),
        )

    def play(self) -> None:
        """Let things happen in any order, each promise arriving once or more."""
        arrivals = [one for one in self.queue for _ in range(self.dice.randint(1, 3))]
        moves: list[Callable[[], object]] = [partial(self.arrive, one) for one in arrivals]
        moves += [self.pay_online] * 4 + [partial(self.clock.advance, hours=9)] * 25
        if self.dice.random() < 0.3:
            moves.append(self.take_back)
        self.dice.shuffle(moves)
        for move in moves:
            move()
            self.check()

    def arrive(self, promise: Promise) -> None:
        """Hand one in at its shop, by the owner or the clerk."""
        place = [shop.id for shop in self.shops].index(promise.merchant_id)
        by = self.clerk if place == 0 and self.dice.random() < 0.5 else self.owners[place]
        what = HandIn(promise, promise.merchant_id, actor_of(by))
        try:
            row = hand_in(self.database, what, now=self.clock.now())
        except EcoError:
            return
        key = (promise.id, promises.digest(promise))
        self.answers.setdefault(key, set()).add((row.outcome, row.payment_id))

    def pay_online(self) -> None:
        """Spend points of which a promise may be waiting."""
        person, shop = self.dice.choice(self.people), self.dice.choice(self.shops)
        try:
            with self.database.transaction() as session:
                asked = pay_merchant.request(
                    session,
                    merchant_id=shop.id,
                    units=self.dice.randint(1, 2_500),
                    label="",
                    at=self.clock.now(),
                )
                pay_merchant.pay(
                    session, payment_id=asked.id, account_id=person.id, now=self.clock.now()
                )
        except EcoError:
            return

    def take_back(self) -> None:
        """Revoke the passes of one person."""
        with self.database.transaction() as session:
            promises.revoke(session, self.people[0].id, at=self.clock.now())

    def check(self) -> None:
        """Look at everything that must hold at any moment."""
        with self.database.reading() as session:
            assert_books_balance(session)
            arrived = session.exec(select(ArrivedPromise)).all()
            counted: Counter[str] = Counter()
            for row in arrived:
                counted[row.pass_id] += row.units if row.outcome == "accepted" else 0
            for held in session.exec(select(PromisePass)):
                assert counted[held.id] == held.spent_units <= held.limit_units
            payments = {p.id: p for p in session.exec(select(Payment)).all()}
            for person in self.people:
                left = ledger_queries.balance(session, names.confirmed(person.id))
                paid = sum(
                    p.units
                    for p in payments.values()
                    if p.payer_account_id == person.id and p.state in SOLD
                )
                assert left == START_UNITS - paid >= 0
        accepted = [row for row in arrived if row.outcome == "accepted"]
        assert len({row.payment_id for row in arrived}) == len(arrived)
        assert all(payments[row.payment_id].state in SOLD for row in accepted)
        assert all(row.units <= 2_000 for row in accepted)
        by_clerk: Counter[str] = Counter()
        for row in accepted:
            if row.handed_in_by == self.clerk.id:
                by_clerk[row.signed_at.astimezone(ZONE).date().isoformat()] += row.units
        assert max(by_clerk.values(), default=0) <= CLERK_UNITS

    def check_answers(self) -> None:
        """Each promise had one answer, however often it came, and each number one promise."""
        assert all(len(found) == 1 for found in self.answers.values())
        assert len({key[0] for key in self.answers}) == len(self.answers)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_and_any_copies_pay_once_within_every_limit(
    database: Database, clock: FrozenClock, seed: int
) -> None:
    week = Week(database, clock, Random(seed))

    week.play()

    week.check_answers()
    with database.reading() as session:
        outcomes = Counter(row.outcome for row in session.exec(select(ArrivedPromise)))
    assert outcomes["accepted"] > 0


def test_twenty_copies_at_once_pay_once_and_twenty_promises_never_more_than_the_pass(
    database: Database, clock: FrozenClock
) -> None:
    lou = builders.make_citizen(database, clock, units=100_000)
    shop, other = (builders.make_merchant(database, clock) for _ in range(2))
    for one in (shop, other):
        allow(database, clock, one.id)
    phone = give_pass(database, clock, lou)
    copy = promise_for(phone, merchant_id=shop.id, units=1_000, signed_at=clock.now())
    many = [
        promise_for(phone, merchant_id=place.id, units=1_000, signed_at=clock.now())
        for place in (shop, other) * 5
    ]
    start = threading.Barrier(20)

    def arrive(promise: Promise) -> str:
        start.wait()
        actor = actor_of(_owner(database, shop if promise.merchant_id == shop.id else other))
        row = hand_in(database, HandIn(promise, promise.merchant_id, actor), now=clock.now())
        return row.payment_id if row.outcome == "accepted" else ""

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(arrive, [copy] * 10 + many))

    assert len(set(found[:10])) == 1
    assert len(set(found) - {""}) == 6
    with database.reading() as session:
        assert session.get_one(PromisePass, phone.pass_id).spent_units == 6_000
        assert ledger_queries.balance(session, names.in_flight(lou.id)) == 6_000


def _owner(database: Database, shop: Merchant) -> Account:
    with database.reading() as session:
        return session.get_one(Account, shop.owner_account_id)
