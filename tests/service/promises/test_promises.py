"""Promises that tills hand in: what is paid, what is refused, and that it stays so."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import func, select

from backend.accounts import service as accounts
from backend.accounts.models import Account, AccountAddress
from backend.accounts.rules import AccountState
from backend.custody.rules import Custody
from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.market.models import Payment
from backend.market.rules import PaymentState, PaymentWay
from backend.merchants.models import Merchant
from backend.promises import queries, rules
from backend.promises import service as promises
from backend.promises.codes import Promise
from backend.promises.errors import (
    PassRefusedError,
    PromiseForgedError,
    PromiseNeedsOwnerError,
    PromiseOtherShopError,
    PromiseReusedError,
    PromisesOffError,
)
from backend.promises.models import ArrivedPromise, PromisePass
from backend.promises.rules import Refusal
from backend.web.handing_in import hand_in
from backend.workflows import hand_in_promise, pay_merchant, staff_a_till
from backend.workflows.hand_in_promise import HandIn
from tests.support import builders
from tests.support.clock import FrozenClock
from tests.support.promises import Phone, actor_of, allow, give_pass, promise_for


@pytest.fixture
def lou(database: Database, clock: FrozenClock) -> Account:
    return builders.make_citizen(database, clock, units=10_000)


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    shop = builders.make_merchant(database, clock)
    allow(database, clock, shop.id)
    return shop


@pytest.fixture
def phone(database: Database, clock: FrozenClock, lou: Account) -> Phone:
    return give_pass(database, clock, lou)


def _owner(database: Database, shop: Merchant) -> Account:
    with database.reading() as session:
        return session.get_one(Account, shop.owner_account_id)


def _arrive(
    database: Database,
    clock: FrozenClock,
    shop: Merchant,
    promise: Promise,
    *,
    by: Account | None = None,
) -> ArrivedPromise:
    actor = actor_of(by or _owner(database, shop))
    return hand_in(database, HandIn(promise, shop.id, actor), now=clock.now())


def _promise(phone: Phone, shop: Merchant, clock: FrozenClock, units: int = 500) -> Promise:
    return promise_for(phone, merchant_id=shop.id, units=units, signed_at=clock.now())


def _balance(database: Database, name: str) -> int:
    with database.reading() as session:
        return ledger_queries.balance(session, name)


def _payment(database: Database, arrived: ArrivedPromise) -> Payment:
    with database.reading() as session:
        return session.get_one(Payment, arrived.payment_id)


def test_a_promise_becomes_a_payment_like_any_other(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    clock.advance(hours=50)

    arrived = _arrive(database, clock, shop, promise)

    payment = _payment(database, arrived)
    assert arrived.outcome == "accepted"
    assert (payment.state, payment.way) == (PaymentState.ACCEPTED, PaymentWay.PROMISE)
    assert payment.taken_by == shop.owner_account_id
    assert _balance(database, names.in_flight(lou.id)) == 500


def test_a_promise_that_comes_again_says_the_same_and_pays_once(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    first = _arrive(database, clock, shop, promise)
    at_once = _arrive(database, clock, shop, promise)
    clock.advance(days=9)
    late = _arrive(database, clock, shop, promise)

    assert {one.payment_id for one in (at_once, late)} == {first.payment_id}
    assert {one.outcome for one in (at_once, late)} == {"accepted"}
    assert _balance(database, names.confirmed(lou.id)) == 9_500
    with database.reading() as session:
        assert session.get_one(PromisePass, phone.pass_id).spent_units == 500


def test_a_promise_without_points_is_refused_for_good_and_seen_by_its_payer(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    _spend_online(database, clock, lou, shop, 9_800)

    arrived = _arrive(database, clock, shop, promise)
    with database.transaction() as session:
        builders.give_points(session, lou.id, 5_000, clock)
    again = _arrive(database, clock, shop, promise)

    payment = _payment(database, arrived)
    assert arrived.refusal_code == again.refusal_code == Refusal.BALANCE_GONE
    assert (payment.state, payment.payer_account_id) == (PaymentState.FAILED, lou.id)
    assert payment.refusal_code == Refusal.BALANCE_GONE
    assert _balance(database, names.confirmed(lou.id)) == 5_200
    with database.reading() as session:
        assert session.get_one(PromisePass, phone.pass_id).spent_units == 0


def _spend_online(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, units: int
) -> None:
    with database.transaction() as session:
        asked = pay_merchant.request(
            session, merchant_id=shop.id, units=units, label="", at=clock.now()
        )
        pay_merchant.pay(session, payment_id=asked.id, account_id=lou.id, now=clock.now())


def test_who_did_not_cover_a_promise_gets_no_other_pass_for_a_month(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    _spend_online(database, clock, lou, shop, 9_800)
    _arrive(database, clock, shop, promise)
    with database.transaction() as session:
        builders.give_points(session, lou.id, 5_000, clock)

    with pytest.raises(PassRefusedError) as caught:
        give_pass(database, clock, lou)
    clock.advance(days=31)

    assert caught.value.facts["reason"] == "barred"
    assert give_pass(database, clock, lou).pass_id


def test_a_pass_pays_nothing_above_its_limits(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    dear = _arrive(database, clock, shop, _promise(phone, shop, clock, 2_001))
    four = [_arrive(database, clock, shop, _promise(phone, shop, clock, 2_000)) for _ in range(4)]

    assert dear.refusal_code == Refusal.USED_UP
    assert [one.outcome for one in four] == ["accepted"] * 3 + ["refused"]
    assert four[3].refusal_code == Refusal.USED_UP
    assert _balance(database, names.in_flight(lou.id)) == 6_000


def test_a_pass_that_was_taken_back_pays_nothing_that_arrives_later(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    before = _promise(phone, shop, clock)
    with database.transaction() as session:
        assert promises.revoke(session, lou.id, at=clock.now()) == 1

    assert _arrive(database, clock, shop, before).refusal_code == Refusal.REVOKED


@pytest.mark.parametrize(
    ("signed", "arrives", "refusal"),
    [
        (timedelta(days=7), timedelta(days=13), None),
        (timedelta(days=7, seconds=1), timedelta(days=8), Refusal.OVER),
        (timedelta(minutes=-11), timedelta(), Refusal.OVER),
        (timedelta(), timedelta(days=7, seconds=1), Refusal.TOO_LATE),
        (timedelta(minutes=10), timedelta(), None),
        (timedelta(minutes=11), timedelta(), Refusal.FROM_THE_FUTURE),
    ],
)
def test_clocks_are_believed_within_bounds(
    database: Database,
    clock: FrozenClock,
    shop: Merchant,
    phone: Phone,
    signed: timedelta,
    arrives: timedelta,
    refusal: Refusal | None,
) -> None:
    start = clock.now()
    promise = promise_for(phone, merchant_id=shop.id, units=100, signed_at=start + signed)
    clock.set(start + arrives)

    assert _arrive(database, clock, shop, promise).refusal_code == refusal


def test_a_frozen_account_promises_nothing(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    with database.transaction() as session:
        accounts.set_state(session, lou.id, AccountState.FROZEN)

    assert _arrive(database, clock, shop, promise).refusal_code == Refusal.ACCOUNT_STOPPED
    assert _balance(database, names.confirmed(lou.id)) == 10_000


def test_points_in_an_own_wallet_are_not_signed_for_here(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    promise = _promise(phone, shop, clock)
    with database.transaction() as session:
        row = session.exec(select(AccountAddress).where(AccountAddress.account_id == lou.id)).one()
        row.custody = Custody.OWN
        session.add(row)

    assert _arrive(database, clock, shop, promise).refusal_code == Refusal.OWN_WALLET
    with pytest.raises(PassRefusedError):
        give_pass(database, clock, lou)


def test_what_no_pass_signed_is_not_kept(
    database: Database, clock: FrozenClock, shop: Merchant, phone: Phone
) -> None:
    stranger = Phone.fresh()
    stranger.pass_id = phone.pass_id
    unknown = Phone.fresh()
    unknown.pass_id = "0" * 16

    for forger in (stranger, unknown):
        with pytest.raises(PromiseForgedError):
            _arrive(database, clock, shop, _promise(forger, shop, clock))

    assert _count(database) == 0


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.exec(select(func.count()).select_from(ArrivedPromise)).one()


def test_a_promise_is_good_at_the_shop_that_it_names_alone(
    database: Database, clock: FrozenClock, shop: Merchant, phone: Phone
) -> None:
    other = builders.make_merchant(database, clock)
    allow(database, clock, other.id)
    promise = _promise(phone, shop, clock)

    with pytest.raises(PromiseOtherShopError):
        _arrive(database, clock, other, promise)
    with pytest.raises(PromiseForgedError):
        _arrive(database, clock, other, replace(promise, merchant_id=other.id))


def test_one_number_stands_for_one_promise(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    other = builders.make_merchant(database, clock)
    allow(database, clock, other.id)
    first = _promise(phone, shop, clock)
    _arrive(database, clock, shop, first)

    for place in (shop, other):
        twin = promise_for(
            phone, merchant_id=place.id, units=400, signed_at=clock.now(), nonce=first.nonce
        )
        with pytest.raises(PromiseReusedError):
            _arrive(database, clock, place, twin)

    assert _balance(database, names.in_flight(lou.id)) == 500


def test_a_shop_that_did_not_take_the_risk_hands_nothing_in_until_it_does(
    database: Database, clock: FrozenClock, phone: Phone
) -> None:
    shop = builders.make_merchant(database, clock)
    promise = _promise(phone, shop, clock)

    with pytest.raises(PromisesOffError):
        _arrive(database, clock, shop, promise)
    allow(database, clock, shop.id)

    assert _arrive(database, clock, shop, promise).outcome == "accepted"


def test_a_clerk_hands_in_up_to_the_days_limit_and_the_owner_the_rest(
    database: Database, clock: FrozenClock, shop: Merchant, phone: Phone
) -> None:
    allow(database, clock, shop.id, clerk_units=800)
    zoe = _hire(database, clock, shop)
    first, second = (_promise(phone, shop, clock) for _ in range(2))
    clock.advance(days=1)
    third = _promise(phone, shop, clock)

    assert _arrive(database, clock, shop, first, by=zoe).outcome == "accepted"
    with pytest.raises(PromiseNeedsOwnerError) as caught:
        _arrive(database, clock, shop, second, by=zoe)
    # Another day has its own limit, whenever it arrives.
    assert _arrive(database, clock, shop, third, by=zoe).outcome == "accepted"
    assert _arrive(database, clock, shop, second).outcome == "accepted"

    assert caught.value.facts["left_units"] == 300
    assert _arrive(database, clock, shop, second, by=zoe).outcome == "accepted"


def _hire(database: Database, clock: FrozenClock, shop: Merchant) -> Account:
    with database.transaction() as session:
        clerk, _ = staff_a_till.hire(
            session, merchant_id=shop.id, name="Zoé", refund_limit_units=0, now=clock.now()
        )
        return session.get_one(Account, clerk.account_id)


def test_passes_together_promise_no_more_than_there_is(
    database: Database, clock: FrozenClock
) -> None:
    lou = builders.make_citizen(database, clock, units=7_050)
    give_pass(database, clock, lou)
    second = give_pass(database, clock, lou)

    with database.reading() as session:
        assert session.get_one(PromisePass, second.pass_id).limit_units == 1_050
    with pytest.raises(PassRefusedError) as caught:
        give_pass(database, clock, lou)

    assert caught.value.facts["reason"] == "too_poor"


def test_an_account_has_three_passes_at_a_time(database: Database, clock: FrozenClock) -> None:
    lou = builders.make_citizen(database, clock, units=100_000)
    for _ in range(rules.PASSES_MAX):
        give_pass(database, clock, lou)

    with pytest.raises(PassRefusedError) as caught:
        give_pass(database, clock, lou)
    clock.advance(days=8)

    assert caught.value.facts["reason"] == "too_many"
    assert give_pass(database, clock, lou).pass_id


def test_unused_passes_are_forgotten_and_used_ones_are_not(
    database: Database, clock: FrozenClock, lou: Account, shop: Merchant, phone: Phone
) -> None:
    give_pass(database, clock, builders.make_citizen(database, clock, units=500))
    _arrive(database, clock, shop, _promise(phone, shop, clock))
    clock.advance(days=15)

    with database.transaction() as session:
        assert promises.purge(session, clock.now()) == 1
    with database.reading() as session:
        assert queries.held(session, phone.pass_id) is not None


def test_a_clerk_sees_what_is_left_of_the_day(
    database: Database, clock: FrozenClock, shop: Merchant, phone: Phone
) -> None:
    allow(database, clock, shop.id, clerk_units=800)
    zoe = _hire(database, clock, shop)
    _arrive(database, clock, shop, _promise(phone, shop, clock), by=zoe)

    with database.reading() as session:
        of_owner = actor_of(_owner(database, shop))
        now = clock.now()
        assert hand_in_promise.left_units(session, actor_of(zoe), shop.id, now=now) == 300
        assert hand_in_promise.left_units(session, of_owner, shop.id, now=now) is None
