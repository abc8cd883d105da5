"""A citizen takes the points to an own wallet, pays from it, and brings them back."""

from typing import Any

import pytest
from eth_account import Account as Key

from backend.accounts.models import Account, AccountAddress
from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.custody.errors import (
    MoveClosedError,
    MoveOpenError,
    OwnWalletSignsError,
    PointsMovingError,
)
from backend.custody.models import CustodyMove
from backend.custody.rules import MoveState
from backend.db import event_log
from backend.db.engine import Database
from backend.jobs.reconcile import reconcile
from backend.ledger import names
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.market.typed import OwnPayment, nonce_of
from backend.merchants.models import Merchant
from backend.workflows import (
    give_back_payment,
    move_custody,
    pay_merchant,
    pay_own_wallet,
)
from tests.support import builders, fakes
from tests.support.builders import Terminal
from tests.support.moves import KEY, address, answer, begin_out, choose_pin, newest, sign, wait
from tests.support.works import Works

OTHER_KEY = Key.from_key("0x" + "5f" * 32)


@pytest.fixture
def works_database(database: Database) -> Database:
    """Both engines: moves of points are guarded updates that must hold on each."""
    return database


@pytest.fixture
def alice(works: Works, kiosk: Terminal, alice: Account) -> Account:
    """A citizen whose 200 units are confirmed in the books and on chain."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    choose_pin(works, alice)
    return alice


@pytest.fixture
def shop(works: Works) -> Merchant:
    """A shop that the chain knows."""
    return builders.make_merchant(works.database, works.clock)


@pytest.fixture(autouse=True)
def real_nonces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the desk in memory compute the nonce as the real one does: an own wallet signs it."""

    def nonce(*, merchant_id: int, payment_ref: str, salt: str) -> str:
        return nonce_of(
            OwnPayment(
                chain_id=builders.CHAIN_ID,
                token=fakes.CONTRACTS["EcoToken"],
                desk=fakes.CONTRACTS["RedemptionDesk"],
                payer="0x" + "00" * 20,
                units=1,
                merchant_pseudonym=merchant_id,
                payment_ref=payment_ref,
                salt=salt,
                valid_before_s=0,
            )
        )

    monkeypatch.setattr("tests.support.fake_custody.nonce_of", nonce)
    monkeypatch.setattr("tests.support.fake_services.nonce_of", nonce)


def move_out(works: Works, account: Account) -> str:
    """Move everything to the own wallet; returns the kept address that was left."""
    kept = address(works, account)
    answer(works, begin_out(works, account))
    wait(works)
    assert newest(works, account).state == MoveState.DONE
    return kept


def come_back(works: Works, account: Account, *, is_key_lost: bool = False) -> CustodyMove:
    with works.database.transaction() as session:
        return move_custody.begin_back(
            session, account_id=account.id, is_key_lost=is_key_lost, now=works.clock.now()
        )


def ask(works: Works, shop: Merchant, units: int = 50) -> Payment:
    with works.database.transaction() as session:
        return pay_merchant.request(
            session, merchant_id=shop.id, units=units, label="pain", at=works.clock.now()
        )


def pay_own(works: Works, account: Account, payment: Payment, key: Any = KEY) -> None:
    with works.database.transaction() as session:
        typed = pay_own_wallet.typed(session, payment, KEY.address)
        pay_own_wallet.submit(
            session,
            payment_id=payment.id,
            account_id=account.id,
            signature=sign(key, typed),
            now=works.clock.now(),
        )


def assert_books_agree(works: Works) -> None:
    assert reconcile(works.context).differences == ()


def on_chain(works: Works, of_address: str) -> int:
    return works.node.books.units.get(of_address.lower(), 0)


def test_points_move_to_the_own_wallet_after_the_cool_down(works: Works, alice: Account) -> None:
    kept = address(works, alice)
    answer(works, begin_out(works, alice))
    works.run(3)
    assert newest(works, alice).state == MoveState.WAITING
    assert (on_chain(works, kept), address(works, alice)) == (200, kept)

    wait(works)

    assert newest(works, alice).state == MoveState.DONE
    assert (on_chain(works, kept), on_chain(works, KEY.address)) == (0, 200)
    assert address(works, alice) == KEY.address
    assert works.units(names.confirmed(alice.id)) == 200
    assert_books_agree(works)


def test_new_rewards_go_to_the_own_wallet(works: Works, alice: Account, kiosk: Terminal) -> None:
    move_out(works, alice)

    works.claim(alice.id, kiosk.slot_code())
    works.run()

    assert on_chain(works, KEY.address) == 400
    assert_books_agree(works)


def test_the_whole_way_out_pay_and_back(works: Works, alice: Account, shop: Merchant) -> None:
    kept = move_out(works, alice)
    payment = ask(works, shop)
    pay_own(works, alice, payment)
    works.run()
    assert works.all(Payment)[0].state == PaymentState.CONFIRMED
    assert on_chain(works, KEY.address) == 150

    answer(works, come_back(works, alice))
    wait(works)

    assert newest(works, alice).state == MoveState.DONE
    assert (on_chain(works, kept), on_chain(works, KEY.address)) == (150, 0)
    with works.database.transaction() as session:
        pay_merchant.pay(
            session,
            payment_id=_ask_in(session, works, shop),
            account_id=alice.id,
            now=works.clock.now(),
        )
    works.run()
    assert works.units(names.takings(shop.id)) == 100
    assert_books_agree(works)


def _ask_in(session: Any, works: Works, shop: Merchant) -> str:
    return pay_merchant.request(
        session, merchant_id=shop.id, units=50, label="", at=works.clock.now()
    ).id


def test_an_own_wallet_s_payment_is_accepted_only_when_mined(
    works: Works, alice: Account, shop: Merchant
) -> None:
    move_out(works, alice)
    payment = ask(works, shop)
    pay_own(works, alice, payment)
    works.steps()

    (stored,) = works.all(Payment)
    assert stored.is_own_wallet
    assert stored.state in (PaymentState.AUTHORISED, PaymentState.BATCHED)
    told = [kind for audience, kind in _told(works) if audience == shop.owner_account_id]
    assert "payment_accepted" not in told
    works.run()
    assert works.all(Payment)[0].state == PaymentState.CONFIRMED


def _told(works: Works) -> list[tuple[str, str]]:
    with works.database.reading() as session:
        return [(row.audience, row.kind) for row in event_log.after(session, 0)]


def test_a_signature_of_somebody_else_pays_nothing(
    works: Works, alice: Account, shop: Merchant
) -> None:
    move_out(works, alice)
    pay_own(works, alice, ask(works, shop), key=OTHER_KEY)

    works.run()

    (payment,) = works.all(Payment)
    assert (payment.state, payment.waiting_code) == (
        PaymentState.REQUESTED,
        "own_signature_wrong",
    ) or payment.state == PaymentState.EXPIRED
    assert works.units(names.confirmed(alice.id)) == 200
    assert works.units(names.in_flight(alice.id)) == 0


def test_the_service_does_not_sign_for_an_own_wallet(
    works: Works, alice: Account, shop: Merchant
) -> None:
    move_out(works, alice)
    payment = ask(works, shop)

    with pytest.raises(OwnWalletSignsError), works.database.transaction() as session:
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=works.clock.now())


def test_a_wallet_of_somebody_else_is_refused(works: Works, alice: Account) -> None:
    kept = address(works, alice)
    answer(works, begin_out(works, alice), key=OTHER_KEY)

    wait(works)

    move = newest(works, alice)
    assert (move.state, move.refusal_code) == (MoveState.REFUSED, "signature_wrong")
    assert address(works, alice) == kept
    assert [b.kind for b in works.all(Batch)].count(BatchKind.ANNOUNCE_MOVE) == 0


def test_a_challenge_lapses_and_works_once(works: Works, alice: Account) -> None:
    late = begin_out(works, alice)
    works.clock.advance(minutes=11)
    with pytest.raises(MoveClosedError):
        answer(works, late)

    move = begin_out(works, alice)
    answer(works, move)
    with pytest.raises(MoveClosedError):
        answer(works, move)


def test_one_move_at_a_time(works: Works, alice: Account) -> None:
    begin_out(works, alice)

    with pytest.raises(MoveOpenError):
        begin_out(works, alice)


def undo(works: Works, move: CustodyMove) -> None:
    with works.database.transaction() as session:
        move_custody.undo(
            session, move_id=move.id, account_id=move.account_id, now=works.clock.now()
        )


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_undone_in_the_cool_down_nothing_moves(works: Works, alice: Account, rounds: int) -> None:
    kept = address(works, alice)
    move = begin_out(works, alice)
    answer(works, move)
    for _ in range(rounds):
        works.steps()
        works.node.mine()

    undo(works, move)
    wait(works)

    assert newest(works, alice).state == MoveState.CANCELLED
    assert works.node.books.scheduled == {}
    assert (on_chain(works, kept), address(works, alice)) == (200, kept)
    begin_out(works, alice)


def test_the_guardian_can_stop_a_move(works: Works, alice: Account) -> None:
    kept = address(works, alice)
    answer(works, begin_out(works, alice))
    works.run(3)
    works.node.books.scheduled.clear()

    wait(works)

    move = newest(works, alice)
    assert (move.state, move.refusal_code) == (MoveState.CANCELLED, "stopped_by_guardian")
    assert address(works, alice) == kept


def test_nothing_is_paid_while_points_move(works: Works, alice: Account, shop: Merchant) -> None:
    answer(works, begin_out(works, alice))
    works.run(3)
    works.node.mine(40)
    works.clock.advance(seconds=60)
    works.steps()
    assert newest(works, alice).state == MoveState.EXECUTING

    payment = ask(works, shop)
    with pytest.raises(PointsMovingError):
        pay_own(works, alice, payment)

    works.run()
    assert newest(works, alice).state == MoveState.DONE


def test_a_payment_under_way_is_settled_before_the_points_move(
    works: Works, alice: Account, shop: Merchant
) -> None:
    answer(works, begin_out(works, alice))
    works.run(3)
    works.node.desk_refuses = {shop.pseudonym}
    with works.database.transaction() as session:
        pay_merchant.pay(
            session,
            payment_id=_ask_in(session, works, shop),
            account_id=alice.id,
            now=works.clock.now(),
        )
    wait(works)
    assert newest(works, alice).state == MoveState.WAITING

    works.node.desk_refuses = set()
    works.clock.advance(minutes=1)
    works.run(8)

    assert newest(works, alice).state == MoveState.DONE
    assert on_chain(works, KEY.address) == 150
    assert_books_agree(works)


def test_a_refund_to_the_address_that_was_left_follows(
    works: Works, alice: Account, shop: Merchant
) -> None:
    with works.database.transaction() as session:
        payment_id = _ask_in(session, works, shop)
        pay_merchant.pay(session, payment_id=payment_id, account_id=alice.id, now=works.clock.now())
    works.run()
    kept = move_out(works, alice)
    with works.database.transaction() as session:
        give_back_payment.give_back(
            session,
            session.get_one(Payment, payment_id),
            key="k" * 16,
            units=50,
            reason="",
            asked_by=shop.owner_account_id,
            now=works.clock.now(),
        )
    works.run()
    assert works.units(names.moving(alice.id)) == 50
    assert works.units(names.confirmed(alice.id)) == 150

    wait(works)

    assert works.units(names.moving(alice.id)) == 0
    assert works.units(names.confirmed(alice.id)) == 200
    assert (on_chain(works, kept), on_chain(works, KEY.address)) == (0, 200)
    assert_books_agree(works)


@pytest.mark.parametrize("method", ["estimate_gas", "send", "mined", "head", "*"])
def test_a_move_survives_a_node_that_is_away(works: Works, alice: Account, method: str) -> None:
    answer(works, begin_out(works, alice))
    with works.node.without(method):
        works.run(2)
    wait(works)
    wait(works)

    assert newest(works, alice).state == MoveState.DONE
    assert_books_agree(works)


def test_a_move_that_reverts_is_taken_back_and_tried_again(works: Works, alice: Account) -> None:
    kept = address(works, alice)
    answer(works, begin_out(works, alice))
    works.run(3)
    works.node.reverts = {"recover"}
    works.node.mine(40)
    works.clock.advance(seconds=60)
    works.steps()
    works.node.mine()
    works.steps()
    assert address(works, alice) == kept

    works.node.reverts = set()
    wait(works)

    assert newest(works, alice).state == MoveState.DONE
    assert_books_agree(works)


def test_an_announcement_that_is_not_signed_ends_the_move(works: Works, alice: Account) -> None:
    works.wallet.denies = lambda body: str(body["request_id"]).endswith("/announce_move")
    answer(works, begin_out(works, alice))

    works.run(8)

    move = newest(works, alice)
    assert (move.state, move.refusal_code) == (MoveState.REFUSED, "consent_unknown")
    kinds = [batch.kind for batch in works.all(Batch)]
    assert kinds.count(BatchKind.GAP_FILLER) == 1
    assert BatchKind.ANNOUNCE_MOVE not in kinds


def test_a_lost_key_comes_back_after_a_week(works: Works, alice: Account) -> None:
    kept = move_out(works, alice)
    come_back(works, alice, is_key_lost=True)
    wait(works)
    assert newest(works, alice).state == MoveState.WAITING

    works.clock.advance(days=7)
    for pair in works.node.books.scheduled:
        works.node.books.scheduled[pair] = 0
    works.run()

    assert newest(works, alice).state == MoveState.DONE
    assert on_chain(works, kept) == 200


def test_points_missing_on_chain_hold_a_move_back(works: Works, alice: Account) -> None:
    # Whoever holds the key can pay at the desk past us; the books must be put right first.
    move_out(works, alice)
    works.node.books.units[KEY.address.lower()] -= 10
    answer(works, come_back(works, alice))

    wait(works)

    assert newest(works, alice).state == MoveState.WAITING


def test_an_account_keeps_its_addresses(works: Works, alice: Account, shop: Merchant) -> None:
    move_out(works, alice)
    answer(works, come_back(works, alice))
    wait(works)
    move_out(works, alice)

    rows = {(row.address, row.custody, row.state) for row in works.all(AccountAddress)}
    assert (KEY.address, "own", "active") in rows
    assert len([row for row in rows if row[0] == KEY.address]) == 1
