"""Offers: stock and limits under races, reservations that end, payments that capture."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market import queries as market_queries
from backend.market.errors import PaymentNotOpenError
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.offers import editing, queries, service
from backend.offers.errors import (
    OfferInvalidError,
    OfferLimitError,
    OfferNotOpenError,
    OfferSoldOutError,
)
from backend.offers.models import Offer
from backend.offers.service import NewOffer
from backend.workflows import pay_merchant, take_offer
from tests.support import builders
from tests.support.clock import FrozenClock

Make = Callable[..., Offer]


@pytest.fixture
def alice(database: Database, clock: FrozenClock) -> Account:
    """A citizen with 1,000 confirmed units."""
    return builders.make_citizen(database, clock, units=1_000)


@pytest.fixture
def make_offer(database: Database, clock: FrozenClock) -> Make:
    """Make an offer of 300 units; a test names what matters to it."""
    shop: Merchant = builders.make_merchant(database, clock)

    def make(**changes: object) -> Offer:
        plain: dict[str, object] = {
            "title": "Entrée piscine", "details": "", "place": "", "commune_code": "13005",
            "price_units": 300, "stock": 5, "per_person": 2, "starts_at": clock.now(),
            "ends_at": clock.now() + timedelta(days=7), "is_accessible": True,
            "is_spend_free": True,
        }  # fmt: skip
        with database.transaction() as session:
            new = NewOffer(**{**plain, **changes})  # type: ignore[arg-type]  # built by name
            return service.create(session, new, merchant_id=shop.id, at=clock.now())

    return make


def _reserve(database: Database, clock: FrozenClock, offer: Offer, account: Account) -> Payment:
    with database.transaction() as session:
        return take_offer.reserve(
            session, offer_id=offer.id, account_id=account.id, now=clock.now()
        )


def _pay(database: Database, clock: FrozenClock, payment: Payment, account: Account) -> None:
    with database.transaction() as session:
        pay_merchant.pay(session, payment_id=payment.id, account_id=account.id, now=clock.now())


def _release_lapsed(database: Database, clock: FrozenClock) -> int:
    with database.transaction() as session:
        lapsed = queries.lapsed(session, clock.now())
        return sum(take_offer.release(session, hold) for hold in lapsed)


def _left(database: Database, offer: Offer) -> int:
    with database.reading() as session:
        found = queries.offer(session, offer.id)
        assert found is not None
        return found.stock_left


def test_a_piece_is_set_aside_and_paying_captures_it(
    database: Database, clock: FrozenClock, alice: Account, make_offer: Make
) -> None:
    offer = make_offer()

    payment = _reserve(database, clock, offer, alice)
    assert _left(database, offer) == 4
    _pay(database, clock, payment, alice)
    clock.advance(minutes=20)

    assert _release_lapsed(database, clock) == 0
    assert _left(database, offer) == 4
    with database.reading() as session:
        assert ledger_queries.balance(session, names.in_flight(alice.id)) == 300


def test_what_is_not_paid_in_time_goes_back_and_cannot_be_paid_any_more(
    database: Database, clock: FrozenClock, alice: Account, make_offer: Make
) -> None:
    offer = make_offer(per_person=1)
    payment = _reserve(database, clock, offer, alice)
    clock.advance(minutes=15)

    assert _release_lapsed(database, clock) == 1
    assert _left(database, offer) == 5
    with pytest.raises(PaymentNotOpenError):
        _pay(database, clock, payment, alice)
    with database.reading() as session:
        stored = market_queries.payment(session, payment.id)
        assert stored is not None
        assert stored.state == PaymentState.CANCELLED
    assert _reserve(database, clock, offer, alice).id != payment.id


def _race(count: int, work: Callable[[int], object]) -> list[object]:
    start = threading.Barrier(count)

    def run(number: int) -> object:
        start.wait()
        try:
            return work(number)
        except EcoError as error:
            return type(error)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_twelve_people_at_once_never_get_more_than_the_stock(
    database: Database, clock: FrozenClock, make_offer: Make
) -> None:
    offer = make_offer(stock=3)
    people = [builders.make_citizen(database, clock, units=500) for _ in range(12)]

    found = _race(12, lambda n: _reserve(database, clock, offer, people[n]))

    assert found.count(OfferSoldOutError) == 9
    assert _left(database, offer) == 0


def test_one_person_on_eight_phones_never_gets_more_than_the_limit(
    database: Database, clock: FrozenClock, alice: Account, make_offer: Make
) -> None:
    offer = make_offer(per_person=2, stock=20)

    found = _race(8, lambda _: _reserve(database, clock, offer, alice))

    assert found.count(OfferLimitError) == 6
    assert _left(database, offer) == 18


def test_an_offer_that_is_not_on_cannot_be_reserved(
    database: Database, clock: FrozenClock, alice: Account, make_offer: Make
) -> None:
    later = make_offer(starts_at=clock.now() + timedelta(days=1))
    closed = make_offer()
    with database.transaction() as session:
        editing.end(session, closed.id, by="merchant", at=clock.now())

    for offer in (later, closed):
        with pytest.raises(OfferNotOpenError):
            _reserve(database, clock, offer, alice)


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", " "), ("price_units", 0), ("stock", 0), ("per_person", 21)],
)
def test_an_impossible_offer_is_refused(make_offer: Make, field: str, value: object) -> None:
    with pytest.raises(OfferInvalidError):
        make_offer(**{field: value})
