"""Refunds between the books and the chain."""

from collections.abc import Callable

import pytest

from backend.accounts.models import Account
from backend.db import event_log
from backend.jobs.reconcile import reconcile
from backend.ledger import names
from backend.market.models import Payment, Refund
from backend.market.rules import RefundState
from backend.merchants.models import Merchant
from backend.workflows import give_back_payment, pay_merchant
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.works import Works

GiveBack = Callable[[int], None]


@pytest.fixture
def alice(works: Works, kiosk: Terminal, alice: Account) -> Account:
    """A citizen whose 200 units are confirmed in the books and on chain."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    return alice


@pytest.fixture
def shop(works: Works, alice: Account) -> Merchant:
    """A shop where Alice paid 120 units."""
    shop = builders.make_merchant(works.database, works.clock)
    now = works.clock.now()
    with works.database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=120, label="pain", at=now
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=now)
    works.run()
    return shop


@pytest.fixture
def give_back(works: Works, shop: Merchant) -> GiveBack:
    """Give units of Alice's payment back."""

    def give_back(units: int) -> None:
        (payment,) = works.all(Payment)
        with works.database.transaction() as session:
            give_back_payment.give_back(
                session,
                payment,
                key=f"key-{units}",
                units=units,
                reason="cassé",
                asked_by=shop.owner_account_id,
                now=works.clock.now(),
            )

    return give_back


def _assert_books_agree(works: Works) -> None:
    assert reconcile(works.context).differences == ()


def test_a_part_goes_back_in_both_books(
    works: Works, alice: Account, shop: Merchant, give_back: GiveBack
) -> None:
    give_back(50)
    assert works.units(names.refunding(shop.id)) == 50
    _assert_books_agree(works)

    works.run()

    assert [refund.state for refund in works.all(Refund)] == [RefundState.CONFIRMED]
    assert works.units(names.takings(shop.id)) == 70
    assert works.units(names.refunding(shop.id)) == 0
    assert works.units(names.confirmed(alice.id)) == 130
    assert works.node.books.takings == {shop.pseudonym: 70}
    _assert_books_agree(works)
    with works.database.reading() as session:
        told = [(row.kind, row.audience) for row in event_log.after(session, 0)]
    sides = (alice.id, shop.owner_account_id)
    assert told[-2:] == [("refund_confirmed", side) for side in sides]


def test_a_refund_that_the_desk_refuses_goes_back_to_the_takings(
    works: Works, alice: Account, shop: Merchant, give_back: GiveBack
) -> None:
    give_back(120)
    works.node.books.takings[shop.pseudonym] = 0

    works.run()

    (refund,) = works.all(Refund)
    assert refund.state == RefundState.FAILED
    assert refund.refusal_code == "RedemptionDesk_TakingsInsufficient"
    assert works.units(names.takings(shop.id)) == 120
    assert works.all(Payment)[0].refunded_units == 0


def test_a_refund_that_happened_before_counts_as_done(
    works: Works, alice: Account, shop: Merchant, give_back: GiveBack
) -> None:
    give_back(120)
    (refund,) = works.all(Refund)
    works.node.books.refunded.add(refund.refund_ref)

    works.run()

    assert [refund.state for refund in works.all(Refund)] == [RefundState.CONFIRMED]
    assert works.units(names.confirmed(alice.id)) == 200


def test_a_reverted_refund_is_tried_again_under_its_reference(
    works: Works, alice: Account, shop: Merchant, give_back: GiveBack
) -> None:
    works.node.reverts = {"refundBatch"}
    give_back(120)
    works.steps()
    works.node.mine()

    works.node.reverts = set()
    works.run()

    (refund,) = works.all(Refund)
    assert works.node.books.refunded == {refund.refund_ref}
    assert works.units(names.confirmed(alice.id)) == 200
