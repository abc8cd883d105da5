"""Refunds in the books."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.ledger import names, queries
from backend.market.errors import (
    PaymentNotRefundableError,
    RefundTooLargeError,
    TakingsInsufficientError,
)
from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.workflows import give_back_payment, pay_merchant, pay_out
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def alice(database: Database, clock: FrozenClock) -> Account:
    """A citizen with 1,000 confirmed units."""
    return builders.make_citizen(database, clock, units=1_000)


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop that takes points."""
    return builders.make_merchant(database, clock)


@pytest.fixture
def payment(database: Database, clock: FrozenClock, alice: Account, shop: Merchant) -> Payment:
    """Alice's payment of 300 units, in the takings."""
    with database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=300, label="", at=clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=clock.now())
        payment.state = PaymentState.CONFIRMED
        session.add(payment)
        builders.give_takings(session, shop.id, 300, clock)
        return payment


def _give_back(
    database: Database, clock: FrozenClock, payment: Payment, units: int, *, key: str = "once"
) -> Refund:
    with database.transaction() as session:
        return give_back_payment.give_back(
            session,
            payment,
            key=key,
            units=units,
            reason="",
            asked_by="till",
            now=clock.now(),
        )


def _balance(database: Database, name: str) -> int:
    with database.reading() as session:
        assert_books_balance(session)
        return queries.balance(session, name)


def test_asking_twice_gives_back_once(
    database: Database, clock: FrozenClock, payment: Payment
) -> None:
    first = _give_back(database, clock, payment, 100)
    second = _give_back(database, clock, payment, 100)

    assert first.id == second.id
    assert _balance(database, names.takings(payment.merchant_id)) == 200


def test_the_radar_sees_what_was_given_back(
    database: Database, clock: FrozenClock, payment: Payment
) -> None:
    _give_back(database, clock, payment, 100)

    with database.reading() as session:
        facts = pay_out.radar_facts(session, payment.merchant_id, clock.now())
    assert [(sale.units, sale.refunded_units) for sale in facts.sales] == [(300, 100)]


@pytest.mark.parametrize("units", [0, -5, 301])
def test_more_than_was_paid_or_nothing_is_refused(
    database: Database, clock: FrozenClock, payment: Payment, units: int
) -> None:
    with pytest.raises(RefundTooLargeError):
        _give_back(database, clock, payment, units)

    assert _balance(database, names.takings(payment.merchant_id)) == 300


def test_parts_never_sum_to_more_than_the_payment(
    database: Database, clock: FrozenClock, payment: Payment
) -> None:
    start = threading.Barrier(8)

    def give_back(number: int) -> int:
        start.wait()
        try:
            return _give_back(database, clock, payment, 70, key=f"part-{number}").units
        except RefundTooLargeError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(give_back, range(8)))

    assert sorted(given) == [0] * 4 + [70] * 4
    assert _balance(database, names.refunding(payment.merchant_id)) == 280


def test_takings_that_were_cashed_out_cannot_be_given_back(
    database: Database, clock: FrozenClock, payment: Payment, shop: Merchant
) -> None:
    with database.transaction() as session:
        builders.give_takings(session, shop.id, -250, clock)

    with pytest.raises(TakingsInsufficientError) as caught:
        _give_back(database, clock, payment, 51)

    assert caught.value.facts["takings_units"] == 50
    assert _give_back(database, clock, payment, 50).units == 50


def test_a_payment_under_way_cannot_be_given_back_yet(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    with database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=300, label="", at=clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=clock.now())

    with pytest.raises(PaymentNotRefundableError):
        _give_back(database, clock, payment, 100)


def test_the_refusals_say_what_to_do() -> None:
    errors: list[EcoError] = [TakingsInsufficientError(5), RefundTooLargeError(5)]

    assert [error.code for error in errors] == ["takings_insufficient", "refund_too_large"]
