"""Cash-outs in the books."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.db.engine import Database
from backend.ledger import names, queries
from backend.ledger.errors import UnitsInsufficientError
from backend.merchants.models import Merchant
from backend.settlement import service
from backend.settlement.errors import NothingToCashOutError
from backend.workflows import close_day
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop that takes points."""
    return builders.make_merchant(database, clock)


def _balance(database: Database, name: str) -> int:
    with database.reading() as session:
        assert_books_balance(session)
        return queries.balance(session, name)


def _take(database: Database, clock: FrozenClock, shop: Merchant, units: int) -> None:
    with database.transaction() as session:
        from_ledger = builders.give_takings(session, shop.id, units, clock)
        assert from_ledger


def test_two_cash_outs_at_once_never_pay_more_than_the_takings(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    _take(database, clock, shop, 1_005)
    start = threading.Barrier(6)

    def cash_out(_: int) -> int:
        start.wait()
        try:
            with database.transaction() as session:
                return service.request_cash_out(
                    session,
                    merchant_id=shop.id,
                    rate_micro_cents_per_unit=100_000,
                    at=clock.now(),
                ).units
        except (NothingToCashOutError, UnitsInsufficientError):
            return 0

    with ThreadPoolExecutor(6) as pool:
        burned = list(pool.map(cash_out, range(6)))

    assert sorted(burned) == [0] * 5 + [1_000]
    assert _balance(database, names.takings(shop.id)) == 5
    assert _balance(database, names.settling(shop.id)) == 1_000


def test_takings_below_a_cent_wait(database: Database, clock: FrozenClock, shop: Merchant) -> None:
    _take(database, clock, shop, 9)

    with pytest.raises(NothingToCashOutError), database.transaction() as session:
        service.request_cash_out(
            session, merchant_id=shop.id, rate_micro_cents_per_unit=100_000, at=clock.now()
        )

    assert _balance(database, names.takings(shop.id)) == 9


def test_a_clock_that_is_behind_does_not_stop_the_closing_of_the_day(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    closing = close_day.last_day(clock.now())
    _take(database, clock, shop, 500)
    with database.transaction() as session:
        # Another process paid it out, and its clock still stood before midnight.
        service.request_cash_out(
            session,
            merchant_id=shop.id,
            rate_micro_cents_per_unit=100_000,
            at=closing.ended_at - timedelta(seconds=2),
        )
    _take(database, clock, shop, 300)

    with database.transaction() as session:
        more = close_day.close_some(
            session, closing, rate_micro_cents_per_unit=100_000, at=clock.now()
        )

    assert not more
    assert _balance(database, names.takings(shop.id)) == 300
