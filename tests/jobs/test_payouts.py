"""A shop's day ends: closing, burn, euro owed, file for the bank."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import select

from backend.accounts.models import Account
from backend.db import event_log
from backend.jobs.reconcile import reconcile
from backend.jobs.steps import payouts as steps
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import service as market
from backend.merchants.models import Merchant
from backend.payouts import queries, service
from backend.payouts.bank import files, found
from backend.payouts.models import Payout, SolvencyDay
from backend.payouts.rules import PayoutState
from backend.settlement.models import CashOut
from backend.workflows import close_day, pay_merchant, pay_out, restore
from tests.support import builders, euro
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
    """A shop that the chain knows and the bank can pay."""
    return euro.make_shop(works.database, works.clock)


def _pay(works: Works, alice: Account, shop: Merchant, units: int) -> None:
    with works.database.transaction() as session:
        payment = market.request_payment(
            session, merchant_id=shop.id, units=units, label="pain", at=works.clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=works.clock.now())
    works.run()


def _next_day(works: Works) -> None:
    works.clock.advance(days=1)
    works.run()


def test_a_day_is_closed_burned_owed_and_handed_to_the_bank_once(
    works: Works, alice: Account, shop: Merchant
) -> None:
    euro.fund(works.database, works.clock, 100_000)
    _pay(works, alice, shop, 127)
    assert works.all(CashOut) == []

    _next_day(works)
    _next_day(works)

    (closing,) = works.all(CashOut)
    assert closing.closing_day == date(2026, 6, 15)
    (payout,) = works.all(Payout)
    assert (payout.state, payout.units, payout.euro_cents) == (PayoutState.DUE, 120, 12)
    assert works.units(names.payable(shop.id)) == 12
    assert works.units(names.takings(shop.id)) == 7
    made = euro.draft(works.database, works.clock)
    with works.database.transaction() as session:
        files.release(session, made.id, by=euro.SECOND, at=works.clock.now())

    works.run()

    (path,) = works.context.sepa_folder.iterdir()
    assert path.name == f"{made.message_id}.xml"
    assert path.read_text() == made.xml
    assert works.units(names.on_the_way(shop.id)) == 12
    with works.database.reading() as session:
        told = [row.kind for row in event_log.after(session, 0, audience=shop.owner_account_id)]
    assert told.count("payout_sent") == 1


def test_what_is_sold_after_midnight_belongs_to_the_next_day(
    works: Works, alice: Account, shop: Merchant
) -> None:
    _pay(works, alice, shop, 100)
    works.clock.advance(days=1)
    with works.database.transaction() as session:
        payment = market.request_payment(
            session, merchant_id=shop.id, units=50, label="", at=works.clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=works.clock.now())
    # The runner was away: it closes the day long after the new one began.
    works.run()

    assert [(row.units, row.closing_day) for row in works.all(CashOut)] == [
        (100, date(2026, 6, 15))
    ]
    assert works.units(names.takings(shop.id)) == 50


def test_a_closing_that_was_interrupted_goes_on_where_it_stood(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(close_day, "SHOPS_AT_ONCE", 2)
    shops = [builders.make_merchant(works.database, works.clock) for _ in range(5)]
    for shop in shops:
        with works.database.transaction() as session:
            builders.give_takings(session, shop.id, 100, works.clock)
    works.clock.advance(days=1)

    assert steps.close_days(works.context)
    assert len(works.all(CashOut)) == 2
    while steps.close_days(works.context):
        pass
    assert not steps.close_days(works.context)

    assert sorted(row.merchant_id for row in works.all(CashOut)) == sorted(s.id for s in shops)


def test_a_runner_that_dies_between_file_and_book_writes_the_same_bytes_again(
    works: Works, shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    euro.fund(works.database, works.clock, 100_000)
    euro.owe(works.database, works.clock, shop)
    made = euro.draft(works.database, works.clock)
    with works.database.transaction() as session:
        files.release(session, made.id, by=euro.SECOND, at=works.clock.now())

    def die(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pay_out, "mark_sent", die)
        with pytest.raises(KeyboardInterrupt):
            steps.deliver_files(works.context)
    first = (works.context.sepa_folder / f"{made.message_id}.xml").read_bytes()
    assert works.units(names.payable(shop.id)) == 1_200

    assert steps.deliver_files(works.context)

    assert [path.read_bytes() for path in works.context.sepa_folder.iterdir()] == [first]
    assert works.units(names.on_the_way(shop.id)) == 1_200


def test_a_file_that_was_found_after_a_restore_is_booked_and_not_handed_over_again(
    works: Works, shop: Merchant
) -> None:
    euro.owe(works.database, works.clock, shop)
    xml = euro.forgotten_file(works.database, works.clock)
    with works.database.transaction() as session:
        restore.mark(session, backup_taken_at=works.clock.now(), now=works.clock.now())
        found_file = found.take_in(
            session, content=xml.encode(), debtor=euro.PAYER, by=euro.FIRST, at=works.clock.now()
        )
        files.release(session, found_file.id, by=euro.SECOND, at=works.clock.now())

    assert steps.deliver_files(works.context)

    assert not works.context.sepa_folder.exists() or not any(works.context.sepa_folder.iterdir())
    assert works.units(names.on_the_way(shop.id)) == 1_200


def test_the_radar_delays_a_payout_and_says_why(works: Works, shop: Merchant) -> None:
    with works.database.transaction() as session:
        builders.give_points(session, shop.owner_account_id, 9_000, works.clock)
        payment = market.request_payment(
            session, merchant_id=shop.id, units=9_000, label="", at=works.clock.now()
        )
        market.accept(
            session,
            payment_id=payment.id,
            payer_account_id=shop.owner_account_id,
            payer_address="0x" + "44" * 20,
            at=works.clock.now(),
        )
        burn = CashOut(
            merchant_id=shop.id,
            units=9_000,
            euro_cents=900,
            rate_micro_cents_per_unit=euro.RATE,
            payout_ref="0x" + "ab" * 32,
            requested_at=works.clock.now(),
        )
        session.add(burn)
        session.flush()
        pay_out.owe(session, [burn], at=works.clock.now())

    (payout,) = works.all(Payout)
    assert payout.state == PayoutState.HELD
    assert payout.held_until is None
    assert payout.hold_reasons[0]["code"] == "own_pocket"
    assert payout.hold_reasons[0]["units"] == 9_000


def test_solvency_is_noted_day_by_day(works: Works, alice: Account) -> None:
    euro.fund(works.database, works.clock, 2_500)
    works.run(1)
    works.clock.advance(days=1)
    works.run(1)

    days = sorted(works.all(SolvencyDay), key=lambda row: row.day)

    assert [(row.outstanding_units, row.liability_cents) for row in days[-2:]] == [(200, 20)] * 2
    assert {row.reserve_cents for row in days[-2:]} == {2_500}


def test_reconcile_finds_euro_that_the_points_do_not_explain(
    works: Works, alice: Account, shop: Merchant
) -> None:
    _pay(works, alice, shop, 120)
    _next_day(works)
    assert reconcile(works.context).differences == ()

    with works.database.transaction() as session:
        stray = session.exec(select(Payout)).one()
        stray.payout_ref = "0x" + "99" * 32
        session.add(stray)
        ledger.move(
            session,
            reference="stray",
            kind="stray",
            source=names.RESERVE,
            target=names.PAID,
            units=5,
            at=works.clock.now(),
        )

    whats = [row.what for row in reconcile(works.context).differences]
    assert any("burned on chain" in what for what in whats)
    assert any("euro" in what for what in whats)


def test_a_held_payout_falls_due_by_itself(works: Works, shop: Merchant) -> None:
    until = works.clock.now() + timedelta(days=3)
    euro.owe(works.database, works.clock, shop, hold=service.Hold(({"code": "velocity"},), until))

    works.clock.advance(days=3)
    works.steps()

    with works.database.reading() as session:
        assert len(queries.payouts_in(session, PayoutState.DUE)) == 1


def test_burns_from_before_payouts_are_owed(works: Works, shop: Merchant) -> None:
    with works.database.transaction() as session:
        session.add(
            CashOut(
                merchant_id=shop.id,
                units=120,
                euro_cents=12,
                rate_micro_cents_per_unit=euro.RATE,
                payout_ref="0x" + "cd" * 32,
                state="confirmed",
                requested_at=works.clock.now(),
            )
        )

    works.steps()
    works.steps()

    assert [payout.euro_cents for payout in works.all(Payout)] == [12]


def test_the_bank_day_is_the_local_one() -> None:
    closing = close_day.last_day(datetime.fromisoformat("2026-11-26T23:30:00+00:00"))

    assert closing.day == date(2026, 11, 26)
    assert closing.ended_at.isoformat() == "2026-11-27T00:00:00+01:00"
