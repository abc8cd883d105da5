"""Shops, payments and cash-outs between the books and the chain."""

from collections.abc import Callable

import pytest

from backend.accounts.models import Account
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db import event_log
from backend.ledger import names
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.merchants.rules import MerchantState
from backend.settlement import service as settlement
from backend.settlement.models import CashOut
from backend.settlement.rules import CashOutState
from backend.workflows import pay_merchant
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.works import Works

RATE = 100_000


@pytest.fixture
def alice(works: Works, kiosk: Terminal, alice: Account) -> Account:
    """A citizen whose 200 units are confirmed in the books and on chain."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    return alice


@pytest.fixture
def shop(works: Works) -> Merchant:
    """A shop that the chain knows."""
    return builders.make_merchant(works.database, works.clock)


@pytest.fixture
def pay(works: Works, alice: Account, shop: Merchant) -> Callable[[int], str]:
    """Let Alice pay units at the shop; returns the payment's id."""

    def pay(units: int) -> str:
        with works.database.transaction() as session:
            payment = pay_merchant.request(
                session, merchant_id=shop.id, units=units, label="pain", at=works.clock.now()
            )
            pay_merchant.pay(
                session, payment_id=payment.id, account_id=alice.id, now=works.clock.now()
            )
            return payment.id

    return pay


def _cash_out(works: Works, shop: Merchant) -> None:
    with works.database.transaction() as session:
        settlement.request_cash_out(
            session,
            merchant_id=shop.id,
            rate_micro_cents_per_unit=RATE,
            at=works.clock.now(),
        )


def _kinds_told(works: Works, account_id: str) -> list[str]:
    with works.database.reading() as session:
        return [row.kind for row in event_log.after(session, 0) if row.audience == account_id]


def test_a_new_shop_is_registered_on_chain(works: Works) -> None:
    shop = builders.make_merchant(works.database, works.clock, state=MerchantState.DRAFT)

    works.run()

    (stored,) = works.all(Merchant)
    assert stored.state == MerchantState.ACTIVE
    assert works.node.books.merchants == {shop.pseudonym: shop.daily_cap_units}
    assert _kinds_told(works, shop.owner_account_id) == ["merchant_activated"]


def test_a_hundred_shops_are_registered_at_once(works: Works) -> None:
    for _ in range(100):
        builders.make_merchant(works.database, works.clock, state=MerchantState.DRAFT)

    works.run(6)

    assert {shop.state for shop in works.all(Merchant)} == {MerchantState.ACTIVE}


def test_a_reverted_registration_is_tried_again(works: Works) -> None:
    builders.make_merchant(works.database, works.clock, state=MerchantState.DRAFT)
    works.node.reverts = {"registerMerchant"}
    works.steps()
    works.node.mine()

    works.node.reverts = set()
    works.run()

    assert [shop.state for shop in works.all(Merchant)] == [MerchantState.ACTIVE]


def test_a_payment_arrives_in_the_takings_of_both_books(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    assert works.units(names.in_flight(alice.id)) == 120

    works.run()

    assert [payment.state for payment in works.all(Payment)] == [PaymentState.CONFIRMED]
    assert works.units(names.takings(shop.id)) == 120
    assert works.node.books.takings == {shop.pseudonym: 120}
    assert works.units(names.confirmed(alice.id)) == 80
    assert works.units(names.in_flight(alice.id)) == 0
    assert _kinds_told(works, shop.owner_account_id) == ["payment_accepted", "payment_confirmed"]


def test_a_payment_over_the_daily_cap_waits_and_is_taken_the_next_day(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    # Its authorisation is public and stays good: giving the points back could pay twice.
    works.node.desk_refuses = {shop.pseudonym}
    pay(120)
    works.run(3)

    (payment,) = works.all(Payment)
    assert payment.state == PaymentState.AUTHORISED
    assert payment.waiting_code == "RedemptionDesk_MerchantCapExceeded"
    assert works.units(names.in_flight(alice.id)) == 120
    batches = len(works.all(Batch))
    works.steps()
    assert len(works.all(Batch)) == batches, "it is not asked for again at once"

    works.node.desk_refuses = set()
    works.clock.advance(minutes=1)
    works.run()

    assert [payment.state for payment in works.all(Payment)] == [PaymentState.CONFIRMED]
    assert works.units(names.takings(shop.id)) == 120


def test_a_payment_whose_authorisation_ran_out_goes_back_to_the_citizen(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    works.node.desk_expired = {shop.pseudonym}
    pay(120)

    works.run()

    (payment,) = works.all(Payment)
    assert payment.state == PaymentState.FAILED
    assert payment.refusal_code == "EcoToken_AuthorizationExpired"
    assert works.units(names.confirmed(alice.id)) == 200
    assert works.units(names.takings(shop.id)) == 0
    assert _kinds_told(works, shop.owner_account_id)[-1] == "payment_failed"


def test_one_refused_payment_does_not_spoil_the_others_of_its_batch(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    bad = pay(120)
    with works.database.transaction() as session:
        payment = session.get_one(Payment, bad)
        payment.payer_address = "0x" + "77" * 20
        session.add(payment)
    good = pay(30)

    works.run()

    states = {payment.id: payment.state for payment in works.all(Payment)}
    assert states == {bad: PaymentState.AUTHORISED, good: PaymentState.CONFIRMED}
    assert works.units(names.takings(shop.id)) == 30


def test_a_payment_that_somebody_else_handed_in_counts_as_paid(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    # The authorisation is public once it is sent, and anybody may hand it to the desk.
    pay(120)
    works.steps()
    (payment,) = works.all(Payment)
    address = (payment.payer_address or "").lower()
    works.node.books.spent[address, payment.nonce or ""] = 120
    works.node.books.units[address] -= 120
    works.node.books.takings[shop.pseudonym] = 120

    works.run()

    assert [payment.state for payment in works.all(Payment)] == [PaymentState.CONFIRMED]
    assert works.units(names.takings(shop.id)) == 120


def test_a_lost_answer_of_the_wallet_does_not_lose_the_payment(
    works: Works, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    works.wallet.loses_answers = True
    works.run(3)

    works.wallet.loses_answers = False
    works.run()

    assert [payment.state for payment in works.all(Payment)] == [PaymentState.CONFIRMED]


def test_a_payment_that_the_wallet_refuses_goes_back_and_holds_up_nobody(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    works.wallet.denies = lambda body: body.get("units") == 120
    bad, good = pay(120), pay(30)

    works.run()

    states = {payment.id: payment.state for payment in works.all(Payment)}
    assert states == {bad: PaymentState.FAILED, good: PaymentState.CONFIRMED}
    assert works.units(names.confirmed(alice.id)) == 170
    assert works.units(names.in_flight(alice.id)) == 0
    assert "payment_failed" in _kinds_told(works, alice.id)


@pytest.mark.parametrize("method", ["estimate_gas", "send", "mined", "call", "*"])
def test_a_payment_survives_a_node_that_is_away(
    works: Works, shop: Merchant, pay: Callable[[int], str], method: str
) -> None:
    pay(120)

    with works.node.without(method):
        works.run(2)
    works.run()

    assert works.units(names.takings(shop.id)) == 120


def test_a_payment_is_final_again_after_a_reorganisation(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    works.steps()
    works.node.mine()
    works.steps()

    works.node.reorganise(1)
    works.run()

    assert works.units(names.takings(shop.id)) == 120
    assert works.node.books.takings == {shop.pseudonym: 120}


def test_takings_are_burned_and_paid_in_whole_cents(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(127)
    works.run()

    _cash_out(works, shop)
    works.run()

    (cash_out,) = works.all(CashOut)
    assert (cash_out.state, cash_out.units, cash_out.euro_cents) == (
        CashOutState.CONFIRMED,
        120,
        12,
    )
    assert works.units(names.takings(shop.id)) == 7
    assert works.units(names.settling(shop.id)) == 0
    assert works.units(names.BURNED) == 120
    assert works.node.books.takings == {shop.pseudonym: 7}


def test_a_cash_out_that_the_desk_refuses_goes_back_to_the_takings(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    works.run()
    works.node.payouts_refused = True

    _cash_out(works, shop)
    works.run()

    assert [row.state for row in works.all(CashOut)] == [CashOutState.FAILED]
    assert works.units(names.takings(shop.id)) == 120
    assert _kinds_told(works, shop.owner_account_id)[-1] == "cash_out_failed"


def test_a_cash_out_that_was_burned_before_counts_as_burned(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    works.run()
    _cash_out(works, shop)
    (cash_out,) = works.all(CashOut)
    works.node.books.paid_out.add(cash_out.payout_ref)

    works.run()

    assert [row.state for row in works.all(CashOut)] == [CashOutState.CONFIRMED]
    assert works.units(names.BURNED) == 120


def test_a_reverted_cash_out_is_tried_again_under_its_reference(
    works: Works, alice: Account, shop: Merchant, pay: Callable[[int], str]
) -> None:
    pay(120)
    works.run()
    works.node.reverts = {"cashOutBatch"}
    _cash_out(works, shop)
    works.steps()
    works.node.mine()

    works.node.reverts = set()
    works.run()

    (cash_out,) = works.all(CashOut)
    assert works.node.books.paid_out == {cash_out.payout_ref}
    kinds = [(b.kind, b.state) for b in works.all(Batch) if b.kind == BatchKind.CASH_OUT]
    assert sorted(kinds) == [
        (BatchKind.CASH_OUT, BatchState.CONFIRMED),
        (BatchKind.CASH_OUT, BatchState.REVERTED),
    ]
    assert works.units(names.BURNED) == 120
