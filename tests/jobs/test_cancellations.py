"""Payments that a till gives up while they wait: cancelled on chain first, points back after."""

import pytest

from backend.accounts.models import Account
from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db import event_log
from backend.jobs.steps import cancellations as steps
from backend.ledger import names
from backend.market.errors import PaymentNotWaitingError
from backend.market.models import Payment
from backend.market.rules import CALLED_OFF, PaymentState
from backend.merchants.models import Merchant
from backend.workflows import give_up_payment, pay_merchant
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.works import Works


@pytest.fixture
def alice(works: Works, kiosk: Terminal, alice: Account) -> Account:
    """A citizen whose 200 units are confirmed in the books and on chain."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    return alice


@pytest.fixture
def shop(works: Works) -> Merchant:
    """A shop whose payments the desk puts off."""
    shop = builders.make_merchant(works.database, works.clock)
    works.node.desk_refuses = {shop.pseudonym}
    return shop


@pytest.fixture
def waiting(works: Works, alice: Account, shop: Merchant) -> Payment:
    """A signed payment of 120 units that the desk refused for a passing reason."""
    with works.database.transaction() as session:
        asked = pay_merchant.request(
            session, merchant_id=shop.id, units=120, label="pain", at=works.clock.now()
        )
        pay_merchant.pay(session, payment_id=asked.id, account_id=alice.id, now=works.clock.now())
    works.run(3)
    payment = stored(works)
    assert payment.state == PaymentState.AUTHORISED
    return payment


def stored(works: Works) -> Payment:
    (payment,) = works.all(Payment)
    return payment


def give_up(works: Works, payment: Payment) -> None:
    with works.database.transaction() as session:
        row = session.get_one(Payment, payment.id)
        give_up_payment.give_up(session, row, now=works.clock.now())


def authorisation(payment: Payment) -> tuple[str, str]:
    return (payment.payer_address or "").lower(), payment.nonce or ""


def assert_given_back(works: Works, alice: Account, shop: Merchant) -> None:
    payment = stored(works)
    assert (payment.state, payment.refusal_code) == (PaymentState.FAILED, CALLED_OFF)
    assert works.node.books.cancelled == {authorisation(payment)}
    assert works.units(names.confirmed(alice.id)) == 200
    assert works.units(names.in_flight(alice.id)) == 0
    assert works.units(names.takings(shop.id)) == 0


def test_points_go_back_only_when_the_cancellation_is_final(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.steps()
    assert works.node.books.cancelled == set()
    assert works.units(names.in_flight(alice.id)) == 120

    works.node.mine()
    works.steps()
    assert works.node.books.cancelled == {authorisation(waiting)}
    assert works.units(names.in_flight(alice.id)) == 120, "one block is not final"

    works.node.mine()
    works.steps()
    assert_given_back(works, alice, shop)


def test_both_sides_hear_of_the_end(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.run()

    with works.database.reading() as session:
        told = [(row.audience, row.kind) for row in event_log.after(session, 0)]
    for account_id in (alice.id, shop.owner_account_id):
        kinds = [kind for audience, kind in told if audience == account_id]
        assert kinds[-2:] == ["payment_cancelling", "payment_failed"]


def test_asking_twice_cancels_once(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    give_up(works, waiting)
    works.run()

    assert_given_back(works, alice, shop)
    assert [batch.kind for batch in works.all(Batch)].count(BatchKind.CANCEL_PAYMENT) == 1


def test_what_was_called_off_can_never_be_taken(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.run()

    # Somebody kept the authorisation, which is public, and hands it in when the cap allows.
    works.node.desk_refuses = set()
    with works.database.transaction() as session:
        row = session.get_one(Payment, waiting.id)
        row.state, row.batch_id, row.retry_at, row.confirmed_at = "authorised", None, None, None
        session.add(row)
    works.run()

    assert works.node.books.takings == {}
    assert stored(works).refusal_code == "EcoToken_AuthorizationSpent"


@pytest.mark.parametrize("method", ["estimate_gas", "send", "mined", "head", "*"])
def test_survives_a_node_that_is_away(
    works: Works, alice: Account, shop: Merchant, waiting: Payment, method: str
) -> None:
    give_up(works, waiting)

    with works.node.without(method):
        works.run(2)
    works.run()

    assert_given_back(works, alice, shop)


def test_a_lost_answer_of_the_wallet_gives_the_same_cancellation(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.wallet.loses_answers = True
    works.run(2)

    works.wallet.loses_answers = False
    works.run()

    assert_given_back(works, alice, shop)


def test_a_crash_between_signature_and_sending_loses_nothing(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    steps.sign_cancellations(works.context)  # The runner dies here,
    steps.reserve_cancellations(works.context)  # and another one here.
    works.node.empty_pool()

    works.run()

    assert_given_back(works, alice, shop)


def test_a_cancellation_that_reverts_because_the_payment_was_taken_leaves_it_paid(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.steps()
    address, nonce = authorisation(waiting)
    # Between simulation and block somebody hands the authorisation in.
    works.node.books.spent[address, nonce] = 120
    works.node.books.units[address] -= 120
    works.node.books.takings[shop.pseudonym] = 120

    works.run(8)

    payment = stored(works)
    assert payment.state == PaymentState.CONFIRMED
    assert works.units(names.takings(shop.id)) == 120
    assert works.units(names.confirmed(alice.id)) == 80
    assert works.node.books.cancelled == set()
    states = [b.state for b in works.all(Batch) if b.kind == BatchKind.CANCEL_PAYMENT]
    assert states == [BatchState.REVERTED]


def test_a_refused_signature_leaves_the_payment_waiting(
    works: Works, alice: Account, waiting: Payment
) -> None:
    works.wallet.denies = lambda body: str(body["request_id"]).startswith("cancellation/")
    give_up(works, waiting)
    works.steps()

    payment = stored(works)
    assert payment.state in (PaymentState.AUTHORISED, PaymentState.BATCHED)
    assert works.units(names.in_flight(alice.id)) == 120


def test_a_reorganisation_of_the_cancellation_moves_no_points_twice(
    works: Works, alice: Account, shop: Merchant, waiting: Payment
) -> None:
    give_up(works, waiting)
    works.steps()
    works.node.mine()
    works.steps()

    works.node.reorganise(1)
    works.run()

    assert_given_back(works, alice, shop)


def test_a_payment_on_its_way_cannot_be_given_up(
    works: Works, alice: Account, waiting: Payment
) -> None:
    works.node.desk_refuses = set()
    works.clock.advance(minutes=1)
    works.steps()

    with pytest.raises(PaymentNotWaitingError):
        give_up(works, stored(works))


def test_a_booked_payment_that_the_chain_dropped_cannot_be_given_up(
    works: Works, alice: Account, waiting: Payment
) -> None:
    # Its points are in the takings already; only a refund gives them back.
    works.node.desk_refuses = set()
    works.clock.advance(minutes=1)
    works.run()
    with works.database.transaction() as session:
        row = session.get_one(Payment, waiting.id)
        row.state, row.waiting_code = PaymentState.AUTHORISED, "RedemptionDesk_MerchantCapExceeded"
        session.add(row)

    with pytest.raises(PaymentNotWaitingError):
        give_up(works, stored(works))
