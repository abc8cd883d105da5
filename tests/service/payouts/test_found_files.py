"""Files that the bank had before a backup was restored are taken into the books again."""

import pytest
from sqlmodel import select

from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants.models import Merchant
from backend.payouts import queries, service
from backend.payouts.bank import answers, files, found
from backend.payouts.errors import (
    NothingToPayError,
    PaymentFileKnownError,
    PaymentFileUnreadableError,
    PayoutNotMovableError,
    SecondPersonNeededError,
    TransfersNotOpenError,
    TransfersUnknownError,
)
from backend.payouts.models import Payout, PayoutFile
from backend.payouts.rules import PayoutState
from backend.workflows import restore
from tests.support import euro
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop with a bank account, and ten thousand euro behind the points."""
    euro.fund(database, clock, 1_000_000)
    return euro.make_shop(database, clock)


def restored(database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        restore.mark(session, backup_taken_at=clock.now(), now=clock.now())


def forgotten(database: Database, clock: FrozenClock, burn: service.Burn | None = None) -> str:
    """Return the file that the bank has and that the restored database does not know."""
    xml = euro.forgotten_file(database, clock, burn)
    restored(database, clock)
    return xml


def take_in(database: Database, clock: FrozenClock, xml: str, encoding: str = "utf-8") -> str:
    content = xml.encode(encoding)
    with database.transaction() as session:
        return found.take_in(
            session, content=content, debtor=euro.PAYER, by=euro.FIRST, at=clock.now()
        ).id


def confirm(database: Database, clock: FrozenClock, file_id: str) -> None:
    with database.transaction() as session:
        files.release(session, file_id, by=euro.SECOND, at=clock.now())
    with database.transaction() as session:
        assert files.mark_sent(session, file_id, at=clock.now())


def the_bank_says(database: Database, clock: FrozenClock, *lines: tuple[str, str, str]) -> None:
    with database.transaction() as session:
        answers.import_report(
            session, content=euro.answer(*lines), name="a.csv", by=euro.FIRST, at=clock.now()
        )


def states(database: Database) -> list[str]:
    with database.reading() as session:
        assert_books_balance(session)
        return [payout.state for payout in queries.payouts_in(session, *PayoutState)]


def test_a_file_that_the_backup_forgot_is_booked_and_its_payouts_paid_once(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop, cents=1_200)
    euro.owe(database, clock, shop, cents=300)
    xml = forgotten(database, clock)
    assert states(database) == [PayoutState.HELD, PayoutState.HELD]

    file_id = take_in(database, clock, xml)
    with pytest.raises(NothingToPayError):
        euro.draft(database, clock)
    confirm(database, clock, file_id)
    first, second = euro.references(xml)
    the_bank_says(database, clock, (first, "paye", ""), (second, "retourne", "AM05"))

    assert sorted(states(database)) == [PayoutState.PAID, PayoutState.RETURNED]
    with database.reading() as session:
        assert ledger_queries.balance(session, names.payable(shop.id)) == 0
        assert ledger_queries.balance(session, names.on_the_way(shop.id)) == 0
        returned = ledger_queries.balance(session, names.returned(shop.id))
        assert returned + ledger_queries.balance(session, names.PAID) == 1_500
        kept = session.get_one(PayoutFile, file_id)
        assert (kept.xml, kept.is_found, kept.unknown_count) == (xml, True, 0)


def test_whoever_found_a_file_does_not_confirm_it_and_a_short_reserve_does_not_stop_it(
    database: Database, clock: FrozenClock
) -> None:
    poor = euro.make_shop(database, clock)
    euro.owe(database, clock, poor)
    xml = forgotten(database, clock)
    file_id = take_in(database, clock, xml)

    with pytest.raises(SecondPersonNeededError), database.transaction() as session:
        files.release(session, file_id, by=euro.FIRST, at=clock.now())
    confirm(database, clock, file_id)

    assert states(database) == [PayoutState.SENT]


def test_a_found_file_that_is_withdrawn_leaves_its_payouts_held_and_can_be_found_again(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    xml = forgotten(database, clock)
    file_id = take_in(database, clock, xml)

    with database.transaction() as session:
        files.withdraw(session, file_id)

    assert states(database) == [PayoutState.HELD]
    assert take_in(database, clock, xml) == file_id
    confirm(database, clock, file_id)
    (reference,) = euro.references(xml)
    the_bank_says(database, clock, (reference, "paye", ""))
    assert states(database) == [PayoutState.PAID]


def test_a_draft_that_the_restore_withdrew_is_reopened_when_the_bank_has_it(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    made = euro.draft(database, clock)
    restored(database, clock)
    assert states(database) == [PayoutState.HELD]

    assert take_in(database, clock, made.xml) == made.id
    confirm(database, clock, made.id)
    (reference,) = euro.references(made.xml)
    the_bank_says(database, clock, (reference, "retourne", "AM05"))
    with database.transaction() as session:
        (payout,) = queries.payouts_in(session, PayoutState.RETURNED)
        service.retry(session, payout.id, at=clock.now())

    # The next try has the next reference, as if nothing had been restored.
    assert list(euro.references(euro.draft(database, clock).xml)) == [f"{reference}-2"]


def test_transfers_of_shops_that_the_backup_does_not_know_are_counted(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    burn = service.Burn("lost", shop.id, 5_000, 500, euro.RATE, "0x" + "cd" * 32)
    xml = forgotten(database, clock, burn)

    file_id = take_in(database, clock, xml)

    with database.reading() as session:
        file = session.get_one(PayoutFile, file_id)
        assert (file.item_count, file.euro_cents, file.unknown_count) == (1, 1_200, 1)
    confirm(database, clock, file_id)
    assert states(database) == [PayoutState.SENT]


def test_a_file_that_pays_what_is_under_way_is_refused_whole(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    other = euro.owe(database, clock, shop)
    xml = forgotten(database, clock)
    with database.transaction() as session:
        # Somebody let one go without asking the bank.
        service.release_hold(session, other.id, by=euro.FIRST)
    sent = euro.send(database, clock)

    with pytest.raises(TransfersNotOpenError) as caught:
        take_in(database, clock, xml)

    assert caught.value.facts["references"] == next(iter(euro.references(sent.xml)))
    assert sorted(states(database)) == [PayoutState.HELD, PayoutState.SENT]


def test_a_file_with_another_amount_is_refused(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop, cents=1_200)
    xml = forgotten(database, clock).replace("12.00", "21.00")

    with pytest.raises(TransfersNotOpenError):
        take_in(database, clock, xml)

    assert states(database) == [PayoutState.HELD]


def test_a_file_that_pays_something_twice_is_refused_whole(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    xml = forgotten(database, clock)
    start, end = xml.index("<CdtTrfTxInf>"), xml.index("</CdtTrfTxInf>") + len("</CdtTrfTxInf>")

    with pytest.raises(PayoutNotMovableError):
        take_in(database, clock, xml[:end] + xml[start:end] + xml[end:])

    assert states(database) == [PayoutState.HELD]


def test_a_reason_is_said_once_however_often_a_backup_was_restored(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)

    restored(database, clock)
    restored(database, clock)

    with database.reading() as session:
        assert session.get_one(Payout, payout.id).hold_reasons == [service.RESTORED]


def test_a_file_that_the_books_have_changes_nothing(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    made = euro.send(database, clock)

    with pytest.raises(PaymentFileKnownError):
        take_in(database, clock, made.xml)

    assert states(database) == [PayoutState.SENT]


def test_a_file_of_burns_that_are_not_known_yet_is_refused(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    xml = euro.forgotten_file(database, clock)
    beginning = payout.payout_ref[2:34].upper()

    with pytest.raises(TransfersUnknownError):
        take_in(database, clock, xml.replace(beginning, "AB" * 16))

    assert states(database) == [PayoutState.DUE]


@pytest.mark.parametrize(
    "damage",
    [
        "an answer", "an address", "cut short", "foreign name", "other account", "document type",
        "other encoding",
    ],
)  # fmt: skip
def test_what_is_no_file_of_ours_is_refused(
    database: Database, clock: FrozenClock, shop: Merchant, damage: str
) -> None:
    euro.owe(database, clock, shop)
    xml = euro.forgotten_file(database, clock)
    damaged = {
        "an answer": "reference;statut",
        "an address": "http://127.0.0.1:9/file.xml",
        "cut short": xml[:-20],
        "foreign name": xml.replace("<MsgId>CAL", "<MsgId>XYZ"),
        "other account": xml.replace(euro.PAYER.iban, euro.OTHER_IBAN),
        "document type": xml.replace("<Document", "<!DOCTYPE x><Document", 1),
        "other encoding": xml.replace("UTF-8", "ISO-8859-1").replace("du Port", "du Pr\u00e9"),
    }[damage]

    with pytest.raises(PaymentFileUnreadableError):
        take_in(database, clock, damaged, encoding="latin-1")

    with database.reading() as session:
        assert not session.exec(select(PayoutFile)).all()
    assert states(database) == [PayoutState.DUE]
