"""Changing an offer: reservations keep their price, stock is moved and not set, history stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from backend.accounts.models import Account
from backend.db.engine import Database
from backend.market.models import Payment
from backend.offers import editing, queries, service
from backend.offers.editing import EditedOffer
from backend.offers.errors import OfferInvalidError, OfferLimitError, OfferNotOpenError
from backend.offers.models import Offer, OfferChange
from backend.offers.service import NewOffer
from backend.workflows import pay_merchant, take_offer
from tests.support import builders
from tests.support.clock import FrozenClock

Change = Callable[..., OfferChange | None]


@pytest.fixture
def alice(database: Database, clock: FrozenClock) -> Account:
    """A citizen with 1,000 confirmed units."""
    return builders.make_citizen(database, clock, units=1_000)


@pytest.fixture
def offer(database: Database, clock: FrozenClock) -> Offer:
    """Five pieces for 300 units, two for a person."""
    shop = builders.make_merchant(database, clock)
    new = NewOffer(
        title="Entrée piscine", details="", place="", commune_code="13005", price_units=300,
        stock=5, per_person=2, starts_at=clock.now(), ends_at=clock.now() + timedelta(days=7),
        is_accessible=True, is_spend_free=True,
    )  # fmt: skip
    with database.transaction() as session:
        return service.create(session, new, merchant_id=shop.id, at=clock.now())


@pytest.fixture
def change(database: Database, clock: FrozenClock, offer: Offer) -> Change:
    """Change the offer; a test names what it changes."""
    plain = EditedOffer(
        details="", place="", price_units=300, stock_added=0, per_person=2,
        starts_at=offer.starts_at, ends_at=offer.ends_at,
    )  # fmt: skip

    def edit(**changes: object) -> OfferChange | None:
        new = replace(plain, **changes)  # type: ignore[arg-type]  # built by name
        with database.transaction() as session:
            return editing.edit(session, offer.id, new, by="the baker", at=clock.now())

    return edit


def _reserve(database: Database, clock: FrozenClock, offer: Offer, account: Account) -> Payment:
    with database.transaction() as session:
        return take_offer.reserve(
            session, offer_id=offer.id, account_id=account.id, now=clock.now()
        )


def _stored(database: Database, offer: Offer) -> Offer:
    with database.reading() as session:
        found = queries.offer(session, offer.id)
        assert found is not None
        return found


def test_a_reservation_keeps_the_price_that_it_was_made_at(
    database: Database, clock: FrozenClock, alice: Account, offer: Offer, change: Change
) -> None:
    before = _reserve(database, clock, offer, alice)
    change(price_units=450)
    after = _reserve(database, clock, offer, alice)

    with database.transaction() as session:
        paid = pay_merchant.pay(session, payment_id=before.id, account_id=alice.id, now=clock.now())

    assert (before.units, after.units) == (300, 450)
    assert paid.units == 300


def test_stock_is_moved_by_what_was_typed_so_that_a_reservation_meanwhile_counts(
    database: Database, clock: FrozenClock, alice: Account, offer: Offer, change: Change
) -> None:
    # The page showed 5, the merchant typed 8; one was reserved in between.
    _reserve(database, clock, offer, alice)

    row = change(stock_added=3)

    assert _stored(database, offer).stock_left == 7
    assert row is not None
    assert (row.before, row.after) == ({"stock_left": 4}, {"stock_left": 7})


def test_more_than_what_is_left_cannot_be_taken_away(
    database: Database, clock: FrozenClock, alice: Account, offer: Offer, change: Change
) -> None:
    _reserve(database, clock, offer, alice)

    with pytest.raises(OfferInvalidError, match="stock"):
        change(stock_added=-5, price_units=1)

    assert (_stored(database, offer).stock_left, _stored(database, offer).price_units) == (4, 300)


def test_the_history_names_who_changed_what_when(
    database: Database, clock: FrozenClock, offer: Offer, change: Change
) -> None:
    later = offer.ends_at + timedelta(days=3)
    change(price_units=250, ends_at=later, place="Au guichet")
    assert change(price_units=250, ends_at=later, place="Au guichet") is None

    with database.reading() as session:
        (row,) = queries.changes(session, offer.id)

    assert (row.changed_by, row.changed_at) == ("the baker", clock.now())
    assert row.before["price_units"] == 300
    assert row.after == {
        "price_units": 250, "ends_at": later.isoformat(), "place": "Au guichet",
    }  # fmt: skip


def test_a_lower_limit_counts_what_a_person_has_already(
    database: Database, clock: FrozenClock, alice: Account, offer: Offer, change: Change
) -> None:
    first = _reserve(database, clock, offer, alice)
    _reserve(database, clock, offer, alice)
    with database.transaction() as session:
        hold = queries.hold_of_payment(session, first.id)
        assert hold is not None
        service.release(session, hold)
    change(per_person=1)

    # The free place has the number 0; she has the piece with the number 1.
    with pytest.raises(OfferLimitError):
        _reserve(database, clock, offer, alice)


def test_an_ended_offer_stays_ended_and_its_reservation_can_be_paid(
    database: Database, clock: FrozenClock, alice: Account, offer: Offer, change: Change
) -> None:
    held = _reserve(database, clock, offer, alice)
    for _ in range(2):
        with database.transaction() as session:
            editing.end(session, offer.id, by="the baker", at=clock.now())

    with pytest.raises(OfferNotOpenError):
        change(price_units=1)
    with pytest.raises(OfferNotOpenError):
        _reserve(database, clock, offer, alice)
    with database.transaction() as session:
        pay_merchant.pay(session, payment_id=held.id, account_id=alice.id, now=clock.now())
        ended = session.exec(select(OfferChange)).all()

    assert [row.after for row in ended] == [{"state": "closed"}]


@pytest.mark.parametrize(
    ("field", "value"), [("price_units", 0), ("per_person", 21), ("per_person", 0)]
)
def test_a_field_out_of_range_changes_nothing(
    database: Database, offer: Offer, change: Change, field: str, value: int
) -> None:
    with pytest.raises(OfferInvalidError):
        change(**{field: value, "stock_added": 2})

    assert _stored(database, offer).stock_left == 5
