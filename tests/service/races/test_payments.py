"""One balance spent fifty times at once, again and again (I-8)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from random import Random

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.ledger import names, queries
from backend.ledger import service as ledger
from backend.ledger.errors import UnitsInsufficientError
from backend.market.service import request_payment
from backend.merchants.models import Merchant
from backend.workflows import pay_merchant
from tests.service.races.rounds import REQUESTS, rounds
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


def test_fifty_phones_never_spend_more_than_the_balance_in_any_round(
    database: Database, clock: FrozenClock
) -> None:
    alice = builders.make_citizen(database, clock, units=0)
    shop = builders.make_merchant(database, clock)
    dice = Random(8)

    with ThreadPoolExecutor(REQUESTS) as pool:
        for number in rounds("payments", database):
            price_units, balance_units = dice.randint(1, 99), dice.randint(0, 2_000)
            left = _fill(database, clock, alice, number, balance_units)
            payment_ids = _ask(database, clock, shop, price_units)
            start = threading.Barrier(REQUESTS)

            def pay(payment_id: str, start: threading.Barrier = start) -> bool:
                start.wait()
                try:
                    with database.transaction() as session:
                        pay_merchant.pay(
                            session, payment_id=payment_id, account_id=alice.id, now=clock.now()
                        )
                except UnitsInsufficientError:
                    return False
                return True

            accepted = sum(pool.map(pay, payment_ids))

            assert accepted == min(REQUESTS, left // price_units)
            assert _balance(database, alice) == left - accepted * price_units >= 0
            # Only unproved spends below the daily threshold race here.
            clock.advance(days=1)
    with database.reading() as session:
        assert_books_balance(session)


def _fill(database: Database, clock: FrozenClock, alice: Account, number: int, units: int) -> int:
    with database.transaction() as session:
        ledger.move(
            session,
            reference=f"race/{number}",
            kind="reward_confirmed",
            source=names.ISSUANCE,
            target=names.confirmed(alice.id),
            units=units,
            at=clock.now(),
        )
        return queries.balance(session, names.confirmed(alice.id))


def _ask(database: Database, clock: FrozenClock, shop: Merchant, units: int) -> list[str]:
    with database.transaction() as session:
        return [
            request_payment(session, merchant_id=shop.id, units=units, label="", at=clock.now()).id
            for _ in range(REQUESTS)
        ]


def _balance(database: Database, alice: Account) -> int:
    with database.reading() as session:
        return queries.balance(session, names.confirmed(alice.id))
