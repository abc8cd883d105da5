"""Random schedules of a shop's days: pay, refund, cash out, send, answer, crash and replay.

The steps are the real services over a real database. What is outside is a model that keeps the
promises of the real thing: the chain accepts a payout reference once, the bank takes a message
of one name once and pays each transfer of it.

A crash comes before the commit (everything of the step is lost) or after it (the caller does not
know and does the step again).
"""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from sqlmodel import Session

from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.kernel.ids import new_id
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import service as market
from backend.market import spends
from backend.merchants.models import Merchant
from backend.payouts import queries, service
from backend.payouts.bank import files
from backend.payouts.models import PayoutFile
from backend.payouts.rules import FileState, PayoutState
from backend.settlement import queries as settlement_queries
from backend.settlement import service as settlement
from backend.settlement.rules import CashOutState
from backend.workflows import close_day, pay_out, settle_batch
from tests.support import builders, euro
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance

RATES = (100_000, 62_500, 99_991)
"""Ten cents a point; one whose cents need 16 units; a prime, whose cents need a million."""
STEPS_MAX = 40


class CrashError(Exception):
    """The process died before the commit."""


@dataclass
class Bank:
    """What the bank knows. Unit: euro cents.

    Attributes:
        messages: Names of the files that it took.
        transfers: EndToEndId → amount, of transfers that it has not answered.
        paid: EndToEndId → amount, of money that left and did not come back.
        statement: Everything it ever said: reference, verdict, reason.
    """

    messages: set[str] = field(default_factory=set)
    transfers: dict[str, int] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    statement: list[tuple[str, str, str]] = field(default_factory=list)

    def take(self, message_id: str, xml: str) -> None:
        """Take a file; one of the same name is refused as a duplicate."""
        if message_id in self.messages:
            return
        self.messages.add(message_id)
        for reference, amount in euro.references(xml).items():
            assert reference not in self.paid, "paid twice"
            self.transfers[reference] = int(amount.replace(".", ""))

    def pay(self, reference: str) -> None:
        """Pay a transfer out."""
        self.paid[reference] = self.transfers.pop(reference)
        self.statement.append((reference, "paye", ""))

    def give_back(self, reference: str, reason: str) -> None:
        """Refuse a transfer, or send its money back."""
        self.transfers.pop(reference, None)
        self.paid.pop(reference, None)
        self.statement.append((reference, "retourne", reason))


class Play:
    """One schedule over one shop of a database that may hold others."""

    def __init__(self, database: Database, clock: FrozenClock, seed: int) -> None:
        self.database = database
        self.clock = clock
        self.rate = RATES[seed % len(RATES)]
        self.burned: dict[str, int] = {}
        self.bank = Bank()
        self.shop: Merchant = euro.make_shop(database, clock)
        self.alice = builders.make_citizen(database, clock, units=2_000_000)
        self._accounts = 0
        euro.fund(database, clock, 100_000_000)

    def step(self, number: int) -> None:
        """Do one step; the number says which, how much, and whether and how it crashes."""
        dice = random.Random(number)
        action = dice.choice(ACTIONS)
        fate = dice.choices(("well", "before", "after"), (6, 2, 2))[0]
        state = dice.getstate()
        for _ in range(1 if fate == "well" else 2):
            # Whoever does it again does the same thing again.
            dice.setstate(state)
            try:
                action(self, dice, fate == "before")
            except CrashError:
                fate = "well"
            except EcoError:
                # A refusal is an answer; nothing of it is kept.
                pass

    def check(self) -> None:
        """Hold the books against chain and bank."""
        with self.database.reading() as session:
            assert_books_balance(session)
            payouts = queries.payouts_of(session, self.shop.id, limit=10_000)
            accounts = {what: name(self.shop.id) for what, name in _ACCOUNTS.items()}
            units = ledger_queries.balances(session, accounts.values())
        held = {what: units[name] for what, name in accounts.items()}
        assert sum(p.euro_cents for p in payouts) * 1_000_000 == sum(
            p.units * self.rate for p in payouts
        )
        assert sum(p.units for p in payouts) == sum(self.burned.values())
        assert {p.payout_ref for p in payouts} == set(self.burned)
        by_state = {
            state: sum(p.euro_cents for p in payouts if p.state == state) for state in PayoutState
        }
        assert held["on_the_way"] == by_state[PayoutState.SENT]
        assert held["returned"] == by_state[PayoutState.RETURNED]
        assert held["payable"] == sum(by_state.values()) - sum(
            by_state[state] for state in (PayoutState.SENT, PayoutState.RETURNED, PayoutState.PAID)
        )
        assert held["takings"] >= 0

    def settle_all(self) -> None:
        """Bring everything to its end; then the bank has paid what was burned, to the cent."""
        for number in range(3):
            _close_day(self, random.Random(number), False)
            _burn(self, random.Random(number), False)
            with self.database.transaction() as session:
                for payout in queries.payouts_of(session, self.shop.id, limit=10_000):
                    if payout.state == PayoutState.HELD:
                        service.release_hold(session, payout.id, by=euro.FIRST)
            self._new_account()
            for action in (_draft, _release, _deliver, _answer_all):
                _quietly(self, action)
        self.check()
        with self.database.reading() as session:
            payouts = queries.payouts_of(session, self.shop.id, limit=10_000)
        assert {p.state for p in payouts} <= {PayoutState.PAID}
        assert sum(self.bank.paid.values()) == sum(p.euro_cents for p in payouts)
        assert sum(self.bank.paid.values()) * 1_000_000 == sum(self.burned.values()) * self.rate

    def transact(self, work: Callable[[Session], object], *, crashes: bool) -> None:
        """Run work in one transaction, or lose it at the end."""
        with self.database.transaction() as session:
            work(session)
            if crashes:
                raise CrashError

    def batch(self, session: Session, kind: BatchKind) -> Batch:
        """Store a transaction that is about to be confirmed."""
        batch = Batch(
            kind=kind,
            state=BatchState.MINED,
            genesis_hash=builders.GENESIS,
            chain_id=builders.CHAIN_ID,
            key_label="relayer",
            sender="0x" + "22" * 20,
            nonce=int(new_id()[-12:], 16),
            to_address="0x" + "33" * 20,
            calldata="0x",
            gas=100_000,
            max_fee_per_gas_wei=1,
            max_priority_fee_per_gas_wei=1,
            created_at=self.clock.now(),
        )
        session.add(batch)
        session.flush()
        return batch

    def _new_account(self) -> None:
        self._accounts += 1
        iban = (euro.IBAN, euro.OTHER_IBAN)[self._accounts % 2]
        euro.give_account(self.database, self.clock, self.shop, iban=iban)


Action = Callable[[Play, random.Random, bool], None]


def _pay(play: Play, dice: random.Random, crashes: bool) -> None:
    units = dice.choice((1, 7, 120, 12_345, 1_000_000))

    def pay(session: Session) -> None:
        payment = market.request_payment(
            session, merchant_id=play.shop.id, units=units, label="", at=play.clock.now()
        )
        market.accept(
            session,
            payment_id=payment.id,
            payer_account_id=play.alice.id,
            payer_address="0x" + "44" * 20,
            at=play.clock.now(),
        )
        spends.store_authorisation(session, payment.id, nonce=f"0x{payment.id}", authorisation={})
        batch = play.batch(session, BatchKind.SPEND)
        spends.put_in_batch(session, [payment.id], batch.id)
        facts = settle_batch.ChainFacts()
        if dice.random() < 0.2:
            facts = settle_batch.ChainFacts(refused_spends={f"0x{payment.id}": "Refused"})
        settle_batch.confirm(session, batch, facts, at=play.clock.now())

    # Points are earned back, so that there is always something to spend.
    with play.database.transaction() as session:
        held = ledger_queries.balance(session, names.confirmed(play.alice.id))
        if held < units:
            builders.give_points(session, play.alice.id, units, play.clock)
    play.transact(pay, crashes=crashes)


def _cash_out(play: Play, _dice: random.Random, crashes: bool) -> None:
    def ask(session: Session) -> None:
        settlement.request_cash_out(
            session,
            merchant_id=play.shop.id,
            rate_micro_cents_per_unit=play.rate,
            at=play.clock.now(),
        )

    play.transact(ask, crashes=crashes)


def _close_day(play: Play, dice: random.Random, crashes: bool) -> None:
    play.clock.advance(days=1)

    def close(session: Session) -> None:
        close_day.close_some(
            session,
            close_day.last_day(play.clock.now()),
            rate_micro_cents_per_unit=play.rate,
            at=play.clock.now(),
        )

    del dice
    play.transact(close, crashes=crashes)


def _burn(play: Play, dice: random.Random, crashes: bool) -> None:
    with play.database.reading() as session:
        waiting = [
            row
            for row in settlement_queries.cash_outs_of(session, play.shop.id, limit=10_000)
            if row.state == CashOutState.REQUESTED
        ]
    refused = {row.payout_ref: "Budget" for row in waiting if dice.random() < 0.15}
    for row in waiting:
        # The chain keeps what it did, whatever happens to us afterwards.
        if row.payout_ref in play.burned:
            refused.pop(row.payout_ref, None)
        elif row.payout_ref not in refused:
            play.burned[row.payout_ref] = row.units

    def burn(session: Session) -> None:
        batch = play.batch(session, BatchKind.CASH_OUT)
        settlement.put_cash_outs_in_batch(session, [row.id for row in waiting], batch.id)
        facts = settle_batch.ChainFacts(refused_payouts=refused)
        settle_batch.confirm(session, batch, facts, at=play.clock.now())

    try:
        play.transact(burn, crashes=crashes)
    except CrashError:
        # The transaction is final on chain: the runner finds it again.
        play.transact(burn, crashes=False)


def _draft(play: Play, _dice: random.Random, crashes: bool) -> None:
    play.transact(
        lambda session: files.draft(
            session,
            debtor=euro.PAYER,
            by=euro.FIRST,
            at=play.clock.now(),
            execution_on=play.clock.now().date(),
        ),
        crashes=crashes,
    )


def _withdraw(play: Play, _dice: random.Random, crashes: bool) -> None:
    for file in _files(play, FileState.DRAFTED):
        play.transact(partial(files.withdraw, file_id=file.id), crashes=crashes)


def _release(play: Play, _dice: random.Random, crashes: bool) -> None:
    for file in _files(play, FileState.DRAFTED):
        play.transact(
            partial(files.release, file_id=file.id, by=euro.SECOND, at=play.clock.now()),
            crashes=crashes,
        )


def _deliver(play: Play, _dice: random.Random, crashes: bool) -> None:
    for file in _files(play, FileState.RELEASED):
        play.bank.take(file.message_id, file.xml)
        play.transact(
            partial(pay_out.mark_sent, file_id=file.id, at=play.clock.now()),
            crashes=crashes,
        )


def _answer(play: Play, dice: random.Random, crashes: bool) -> None:
    for reference in sorted(play.bank.transfers):
        verdict = dice.choice(("pays", "refuses", "waits"))
        if verdict == "pays":
            play.bank.pay(reference)
        elif verdict == "refuses":
            play.bank.give_back(reference, dice.choice(("AC04", "AM05")))
    for reference in sorted(play.bank.paid):
        if dice.random() < 0.1:
            play.bank.give_back(reference, "AC04")
    _import(play, crashes=crashes)


def _import(play: Play, *, crashes: bool) -> None:
    # The whole statement every time: what was said before must change nothing.
    play.transact(
        lambda session: pay_out.import_report(
            session,
            content=euro.answer(*play.bank.statement),
            name="releve.csv",
            by=euro.FIRST,
            at=play.clock.now(),
        ),
        crashes=crashes,
    )


def _answer_all(play: Play, _dice: random.Random, crashes: bool) -> None:
    for reference in sorted(play.bank.transfers):
        play.bank.pay(reference)
    _import(play, crashes=crashes)


def _retry(play: Play, _dice: random.Random, crashes: bool) -> None:
    with play.database.reading() as session:
        returned = [
            p
            for p in queries.payouts_of(session, play.shop.id, limit=10_000)
            if p.state == PayoutState.RETURNED
        ]
    for payout in returned:
        play.transact(
            partial(service.retry, payout_id=payout.id, at=play.clock.now()),
            crashes=crashes,
        )


def _correct_account(play: Play, _dice: random.Random, _crashes: bool) -> None:
    play._new_account()


def _let_go(play: Play, _dice: random.Random, crashes: bool) -> None:
    play.clock.advance(days=3)
    play.transact(
        lambda session: service.release_lapsed(session, play.clock.now()), crashes=crashes
    )


def _quietly(play: Play, action: Action) -> None:
    with suppress(EcoError):
        action(play, random.Random(0), False)


def _files(play: Play, state: FileState) -> Sequence[PayoutFile]:
    with play.database.reading() as session:
        return queries.files_in(session, state)


ACTIONS: tuple[Action, ...] = (
    _pay, _pay, _pay, _cash_out, _close_day, _burn, _burn, _draft, _draft, _withdraw,
    _release, _release, _deliver, _deliver, _answer, _answer, _retry, _correct_account, _let_go,
)  # fmt: skip
"""What may happen next; what a day is mostly made of comes more often."""

_ACCOUNTS = {
    "payable": names.payable,
    "on_the_way": names.on_the_way,
    "returned": names.returned,
    "takings": names.takings,
}


def play(database: Database, clock: FrozenClock, steps: Sequence[int], *, seed: int) -> None:
    """Play a schedule and hold the books against chain and bank after each step and at the end."""
    game = Play(database, clock, seed)
    for number in steps:
        game.step(number)
        game.check()
    game.settle_all()


def steps_of(seed: int) -> list[int]:
    """Return the steps of a seeded schedule."""
    dice = random.Random(seed)
    return [dice.randrange(2**32) for _ in range(dice.randint(5, STEPS_MAX))]
