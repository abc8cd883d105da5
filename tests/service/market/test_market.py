"""Payments in the books."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.accounts.models import Account
from backend.db import event_log
from backend.db.engine import Database
from backend.kernel.errors import NotFoundError
from backend.ledger import names, queries
from backend.ledger.errors import UnitsInsufficientError
from backend.market import queries as market_queries
from backend.market import service
from backend.market.errors import (
    PaymentAmountError,
    PaymentNotOpenError,
    SpenderHasNoAddressError,
)
from backend.market.models import Payment
from backend.market.rules import MAX_PAYMENT_UNITS, PaymentState
from backend.merchants.errors import MerchantNotActiveError
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.workflows import pay_merchant
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


def _ask(database: Database, clock: FrozenClock, shop: Merchant, units: int) -> str:
    with database.transaction() as session:
        return pay_merchant.request(
            session, merchant_id=shop.id, units=units, label="pain", at=clock.now()
        ).id


def _pay(database: Database, clock: FrozenClock, payment_id: str, account: Account) -> Payment:
    with database.transaction() as session:
        return pay_merchant.pay(
            session, payment_id=payment_id, account_id=account.id, now=clock.now()
        )


def _balance(database: Database, name: str) -> int:
    with database.reading() as session:
        assert_books_balance(session)
        return queries.balance(session, name)


def _state(database: Database, payment_id: str) -> str:
    with database.reading() as session:
        payment = market_queries.payment(session, payment_id)
        assert payment is not None
        return payment.state


def test_a_confirmed_payment_sets_the_points_aside_and_tells_both(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment = _pay(database, clock, _ask(database, clock, shop, 300), alice)

    assert payment.state == PaymentState.ACCEPTED
    assert _balance(database, names.confirmed(alice.id)) == 700
    assert _balance(database, names.in_flight(alice.id)) == 300
    with database.reading() as session:
        told = {(row.audience, row.kind) for row in event_log.after(session, 0)}
    assert told == {
        (alice.id, "payment_accepted"),
        (shop.owner_account_id, "payment_accepted"),
    }


def test_paying_twice_takes_the_points_once(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 300)

    first = _pay(database, clock, payment_id, alice)
    second = _pay(database, clock, payment_id, alice)

    assert first.id == second.id
    assert _balance(database, names.in_flight(alice.id)) == 300


def test_somebody_else_cannot_pay_it_again(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    bob = builders.make_citizen(database, clock, units=1_000)
    payment_id = _ask(database, clock, shop, 300)
    _pay(database, clock, payment_id, alice)

    with pytest.raises(PaymentNotOpenError):
        _pay(database, clock, payment_id, bob)

    assert _balance(database, names.confirmed(bob.id)) == 1_000


def test_fifty_payments_at_once_never_take_more_than_there_is(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    # I-8
    payment_ids = [_ask(database, clock, shop, 90) for _ in range(50)]
    start = threading.Barrier(25)

    def pay_two(pair: tuple[str, str]) -> int:
        start.wait()
        return sum(_try(payment_id) for payment_id in pair)

    def _try(payment_id: str) -> bool:
        try:
            _pay(database, clock, payment_id, alice)
        except UnitsInsufficientError:
            return False
        return True

    with ThreadPoolExecutor(25) as pool:
        pairs = list(zip(payment_ids[::2], payment_ids[1::2], strict=True))
        accepted = sum(pool.map(pay_two, pairs))

    assert accepted == 11
    assert _balance(database, names.confirmed(alice.id)) == 10
    assert _balance(database, names.in_flight(alice.id)) == 990
    states = [_state(database, payment_id) for payment_id in payment_ids]
    assert states.count(PaymentState.ACCEPTED) == 11
    assert states.count(PaymentState.REQUESTED) == 39


def test_fifty_phones_that_confirm_one_payment_pay_it_once(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    people = [builders.make_citizen(database, clock, units=500) for _ in range(10)]
    payment_id = _ask(database, clock, shop, 100)
    start = threading.Barrier(10)

    def pay(account: Account) -> bool:
        start.wait()
        try:
            _pay(database, clock, payment_id, account)
        except PaymentNotOpenError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        paid = sum(pool.map(pay, people))

    assert paid == 1
    left = sorted(_balance(database, names.confirmed(person.id)) for person in people)
    assert left == [400] + [500] * 9


def test_a_request_lapses_after_five_minutes(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 100)
    clock.advance(minutes=5)

    with pytest.raises(PaymentNotOpenError) as caught:
        _pay(database, clock, payment_id, alice)
    with database.transaction() as session:
        assert service.expire_requests(session, clock.now()) == 1

    assert caught.value.facts["state"] == PaymentState.EXPIRED
    assert _state(database, payment_id) == PaymentState.EXPIRED


def test_a_request_is_good_until_the_last_second(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 100)
    clock.advance(seconds=299)

    with database.transaction() as session:
        assert service.expire_requests(session, clock.now()) == 0
    assert _pay(database, clock, payment_id, alice).state == PaymentState.ACCEPTED


def test_a_request_that_was_taken_back_cannot_be_paid(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 100)
    with database.transaction() as session:
        assert service.cancel(session, payment_id)

    with pytest.raises(PaymentNotOpenError):
        _pay(database, clock, payment_id, alice)

    assert _balance(database, names.confirmed(alice.id)) == 1_000


def test_a_confirmed_payment_cannot_be_taken_back(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 100)
    _pay(database, clock, payment_id, alice)

    with database.transaction() as session:
        assert not service.cancel(session, payment_id)

    assert _state(database, payment_id) == PaymentState.ACCEPTED


def test_too_small_a_balance_leaves_the_request_open(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    payment_id = _ask(database, clock, shop, 1_001)

    with pytest.raises(UnitsInsufficientError):
        _pay(database, clock, payment_id, alice)

    assert _state(database, payment_id) == PaymentState.REQUESTED


@pytest.mark.parametrize("units", [0, -1, MAX_PAYMENT_UNITS + 1])
def test_an_impossible_price_is_refused(
    database: Database, clock: FrozenClock, shop: Merchant, units: int
) -> None:
    with pytest.raises(PaymentAmountError):
        _ask(database, clock, shop, units)


@pytest.mark.parametrize("state", [MerchantState.DRAFT, MerchantState.REGISTERING])
def test_a_shop_that_the_chain_does_not_know_takes_nothing(
    database: Database, clock: FrozenClock, state: MerchantState
) -> None:
    shop = builders.make_merchant(database, clock, state=state)

    with pytest.raises(MerchantNotActiveError):
        _ask(database, clock, shop, 100)


def test_somebody_without_an_address_is_told_to_sign_up(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    phone = builders.make_citizen(database, clock, has_address=False, units=500)

    with pytest.raises(SpenderHasNoAddressError):
        _pay(database, clock, _ask(database, clock, shop, 100), phone)


def test_an_unknown_payment_is_not_found(
    database: Database, clock: FrozenClock, alice: Account
) -> None:
    with pytest.raises(NotFoundError):
        _pay(database, clock, "no-such-payment", alice)


def test_sold_today_counts_what_was_handed_over(
    database: Database, clock: FrozenClock, alice: Account, shop: Merchant
) -> None:
    _pay(database, clock, _ask(database, clock, shop, 120), alice)
    _ask(database, clock, shop, 500)

    with database.reading() as session:
        since = clock.now() - timedelta(hours=1)
        assert market_queries.sold_units(session, shop.id, since=since) == 120
