"""What the chain did and a restored database does not know: listed, and booked by two people."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from backend.accounts.models import Account
from backend.actions.models import Claim
from backend.actions.rules import ClaimState
from backend.books import queries as book_queries
from backend.books import service as books
from backend.books.errors import AddressesMissingError, ClaimUndecidedError
from backend.books.models import Orphan
from backend.books.rules import OrphanKind
from backend.db import backup
from backend.db.engine import Database
from backend.jobs.reconcile import reconcile
from backend.ledger import names
from backend.ledger.errors import UnitsInsufficientError
from backend.market import refunds
from backend.market.models import Payment, Refund
from backend.market.rules import PaymentState, RefundState
from backend.merchants.models import Merchant
from backend.payouts.models import Payout
from backend.payouts.rules import PayoutState
from backend.settlement import service as settlement
from backend.settlement.models import CashOut
from backend.workflows import adopt_orphan, list_orphans, pay_merchant, restore
from tests.support import builders
from tests.support.builders import GLASS_UNITS, Terminal
from tests.support.works import Works

RATE = 100_000


class Past:
    """A backup of running works, and the database that is restored from it."""

    def __init__(self, works: Works, folder: Path, template: Path) -> None:
        self._works, self._file, self._target = works, folder / "backup.zip", folder / "back.db"
        shutil.copy(template, self._target)
        self._taken_at = works.clock.now()
        backup.write(works.database, self._file, taken_at=self._taken_at)

    def back(self) -> Works:
        """Restore it on the same day, so that no closing burns anything; no step has run."""
        works = self._works
        restored = Works(Database(f"sqlite:///{self._target}"), works.clock)
        restored.node, restored.wallet, restored.guardian = works.node, works.wallet, works.guardian
        restored.context = replace(
            restored.context, node=works.node, wallet=works.wallet, guardian=works.guardian
        )
        now = works.clock.advance(hours=6)
        backup.read(
            self._file,
            restored.database,
            before_commit=lambda session, manifest: restore.mark(
                session, backup_taken_at=manifest.taken_at, now=now
            ),
        )
        works.clock.advance(seconds=1)
        return restored


@pytest.fixture
def shop(works: Works) -> Merchant:
    """A shop that the chain knows."""
    return builders.make_merchant(works.database, works.clock)


@pytest.fixture
def paid(works: Works, kiosk: Terminal, alice: Account, shop: Merchant) -> Payment:
    """A payment of 60 units that is confirmed."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    return _pay(works, alice, shop, 60)


@pytest.fixture
def past(works: Works, paid: Payment, tmp_path: Path, sqlite_template: Path) -> Past:
    """A backup made right after that payment."""
    return Past(works, tmp_path, sqlite_template)


def _pay(works: Works, payer: Account, shop: Merchant, units: int) -> Payment:
    with works.database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=units, label="pain", at=works.clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=payer.id, now=works.clock.now())
    works.run()
    return payment


def _cash_out(works: Works, shop: Merchant) -> None:
    with works.database.transaction() as session:
        settlement.request_cash_out(
            session, merchant_id=shop.id, rate_micro_cents_per_unit=RATE, at=works.clock.now()
        )
    works.run()


def _refund(works: Works, payment: Payment, units: int) -> None:
    with works.database.transaction() as session:
        refunds.request(
            session,
            session.get_one(Payment, payment.id),
            key="key-refund",
            units=units,
            reason="",
            asked_by="till",
            at=works.clock.now(),
        )
    works.run()


def _adopt(works: Works, orphan: Orphan) -> None:
    with works.database.transaction() as session:
        books.propose_adoption(session, orphan.tx_hash, by="samia")
    with works.database.transaction() as session:
        adopt_orphan.adopt(
            session,
            tx_hash=orphan.tx_hash,
            by="luc",
            rate_micro_cents_per_unit=RATE,
            now=works.clock.now(),
        )


def _open(works: Works) -> list[Orphan]:
    with works.database.reading() as session:
        return list(book_queries.open_orphans(session))


def _adopt_all(works: Works) -> list[str]:
    orphans = _open(works)
    for orphan in orphans:
        _adopt(works, orphan)
    return [orphan.kind for orphan in orphans]


def test_a_day_of_mints_payments_refunds_and_burns_is_booked_again(
    works: Works, kiosk: Terminal, alice: Account, shop: Merchant, paid: Payment, past: Past
) -> None:
    # I-2, I-5
    works.claim(alice.id, kiosk.slot_code(seq=1))
    works.run()
    second = _pay(works, alice, shop, 110)
    _refund(works, paid, 20)
    _cash_out(works, shop)
    before = {
        name: works.units(name)
        for name in (names.confirmed(alice.id), names.takings(shop.id), names.payable(shop.id))
    }

    restored = past.back()
    restored.run()
    # While issuance stands still, nothing is minted and the books differ.
    assert [o.kind for o in _open(restored)] == ["mint", "spend", "refund", "cash_out"]
    assert reconcile(restored.context).differences != ()
    assert _adopt_all(restored) == ["mint", "spend", "refund", "cash_out"]

    assert {name: restored.units(name) for name in before} == before
    assert reconcile(restored.context).differences == ()
    (found,) = [row for row in restored.all(Payment) if row.id != paid.id]
    assert (found.state, found.units, found.payer_account_id) == ("confirmed", 110, alice.id)
    # Enough is known of it to give it back.
    assert (found.payment_ref, found.salt) == (second.payment_ref, second.salt)
    assert [row.state for row in restored.all(Refund)] == [RefundState.CONFIRMED]
    (known,) = [row for row in restored.all(Payment) if row.id == paid.id]
    assert known.refunded_units == 20
    assert len(restored.all(CashOut)) == 1


def test_what_the_backup_knew_to_be_under_way_is_no_orphan(
    works: Works,
    alice: Account,
    shop: Merchant,
    paid: Payment,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    del paid
    with works.database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=30, label="", at=works.clock.now()
        )
        pay_merchant.pay(session, payment_id=payment.id, account_id=alice.id, now=works.clock.now())
    past = Past(works, tmp_path, sqlite_template)
    works.run()
    assert works.units(names.takings(shop.id)) == 90

    restored = past.back()
    restored.run(8)

    assert _open(restored) == []
    assert restored.units(names.takings(shop.id)) == 90
    assert reconcile(restored.context).differences == ()


def test_a_request_that_was_confirmed_after_the_backup_becomes_the_payment(
    works: Works,
    alice: Account,
    shop: Merchant,
    paid: Payment,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    del paid
    with works.database.transaction() as session:
        asked = pay_merchant.request(
            session, merchant_id=shop.id, units=30, label="", at=works.clock.now()
        )
    past = Past(works, tmp_path, sqlite_template)
    with works.database.transaction() as session:
        pay_merchant.pay(session, payment_id=asked.id, account_id=alice.id, now=works.clock.now())
    works.run()

    restored = past.back()
    restored.run()
    _adopt_all(restored)

    (row,) = [row for row in restored.all(Payment) if row.id == asked.id]
    assert (row.state, row.payer_account_id) == (PaymentState.CONFIRMED, alice.id)
    assert len(restored.all(Payment)) == 2
    assert reconcile(restored.context).differences == ()


def test_a_burn_is_booked_only_after_the_payments_that_it_burned(
    works: Works, alice: Account, shop: Merchant, past: Past
) -> None:
    _pay(works, alice, shop, 40)
    _cash_out(works, shop)
    restored = past.back()
    restored.run()
    (spend, burn) = _open(restored)
    assert (spend.kind, burn.kind) == (OrphanKind.SPEND, OrphanKind.CASH_OUT)

    with pytest.raises(UnitsInsufficientError):
        _adopt(restored, burn)
    assert len(_open(restored)) == 2
    _adopt(restored, spend)
    _adopt(restored, burn)

    assert reconcile(restored.context).differences == ()


def test_euro_that_may_have_left_wait_for_a_person(
    works: Works,
    alice: Account,
    shop: Merchant,
    paid: Payment,
    tmp_path: Path,
    sqlite_template: Path,
) -> None:
    # One burned before the backup, one under way at it, one after it.
    del paid
    _cash_out(works, shop)
    _pay(works, alice, shop, 40)
    with works.database.transaction() as session:
        settlement.request_cash_out(
            session, merchant_id=shop.id, rate_micro_cents_per_unit=RATE, at=works.clock.now()
        )
    past = Past(works, tmp_path, sqlite_template)
    works.run()
    _pay(works, alice, shop, 50)
    _cash_out(works, shop)
    assert {row.state for row in works.all(Payout)} == {PayoutState.DUE}

    restored = past.back()
    restored.run(8)
    _adopt_all(restored)
    restored.clock.advance(days=30)
    restored.run()

    payouts = restored.all(Payout)
    assert [row.state for row in payouts] == [PayoutState.HELD] * 3
    assert {reason["code"] for row in payouts for reason in row.hold_reasons} == {"restored"}
    assert sorted(row.units for row in payouts) == sorted(row.units for row in works.all(Payout))
    # What is asked for from now on leaves as ever.
    _pay(restored, alice, shop, 20)
    _cash_out(restored, shop)
    assert [row.state for row in restored.all(Payout)].count(PayoutState.DUE) == 1


def test_points_and_takings_of_whom_nobody_knows_any_more_are_kept_apart(
    works: Works, kiosk: Terminal, past: Past
) -> None:
    stranger = builders.make_citizen(works.database, works.clock, has_address=False)
    new_shop = builders.make_merchant(works.database, works.clock)
    works.claim(stranger.id, kiosk.slot_code(seq=2))
    works.run()
    _pay(works, stranger, new_shop, 50)
    _cash_out(works, new_shop)

    restored = past.back()
    restored.run()
    _adopt_all(restored)

    assert restored.units(names.FOREIGN) == GLASS_UNITS - 50
    assert restored.all(CashOut) == []
    # Whom the euro of that burn are owed to is what a person has to find out.
    (left,) = reconcile(restored.context).differences
    assert (left.what, left.ledger_units) == (
        "points burned, against what payouts pay for",
        50,
    )


def test_nothing_is_adopted_before_every_address_is_asked_for_again(
    works: Works, kiosk: Terminal, past: Past, tmp_path: Path, sqlite_template: Path
) -> None:
    del past
    bob = builders.make_citizen(works.database, works.clock, has_address=False)
    late = Past(works, tmp_path, sqlite_template)
    works.claim(bob.id, kiosk.slot_code(seq=3))
    works.run()

    restored = late.back()
    restored.wallet.is_down = True
    restored.run()
    (orphan,) = _open(restored)
    with pytest.raises(AddressesMissingError):
        _adopt(restored, orphan)
    restored.wallet.is_down = False
    restored.run()
    _adopt(restored, orphan)

    assert restored.units(names.confirmed(bob.id)) == GLASS_UNITS
    assert restored.units(names.FOREIGN) == 0


def test_a_mint_of_a_claim_that_waits_for_a_person_waits_too(
    works: Works, kiosk: Terminal, alice: Account, tmp_path: Path, sqlite_template: Path
) -> None:
    # Booked now, its points would be booked once more when a person accepts the claim.
    works.run(1)
    claim = works.claim(alice.id, kiosk.slot_code())
    past = Past(works, tmp_path, sqlite_template)
    works.run()
    restored = past.back()
    with restored.database.transaction() as session:
        session.get_one(Claim, claim.id).state = ClaimState.REVIEW
    restored.run()
    (orphan,) = _open(restored)

    with pytest.raises(ClaimUndecidedError):
        _adopt(restored, orphan)

    assert [row.tx_hash for row in _open(restored)] == [orphan.tx_hash]


def test_the_list_says_what_when_and_how_much(
    works: Works, kiosk: Terminal, alice: Account, shop: Merchant, past: Past
) -> None:
    works.clock.advance(seconds=timedelta(minutes=1).seconds)
    works.claim(alice.id, kiosk.slot_code(seq=4))
    works.run()
    _pay(works, alice, shop, 110)
    restored = past.back()

    restored.run()
    with restored.database.reading() as session:
        lines = list_orphans.lines(session)
    _adopt_all(restored)
    with restored.database.reading() as session:
        after = list_orphans.lines(session)

    assert lines[0].startswith("2 transactions on chain have no row here")
    assert "mint" in lines[1]
    assert "1 × of 2.00 points" in lines[1]
    assert "spend" in lines[2]
    assert "1.10 points" in lines[2]
    assert lines[3] == "They pay 1 acts whose claims this database does not know."
    assert after == ["Everything on chain has its row here."]
