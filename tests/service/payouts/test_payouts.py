"""From a final burn to the bank and back, in the books."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from backend.db.engine import Database
from backend.ledger import names
from backend.ledger import queries as ledger_queries
from backend.merchants.models import Merchant
from backend.payouts import queries, service
from backend.payouts.bank import answers, files
from backend.payouts.errors import (
    AccountUnchangedError,
    BankAccountInvalidError,
    BankReportKnownError,
    FileNotOpenError,
    FundingAmountError,
    FundingKnownError,
    NothingToPayError,
    PayoutNotMovableError,
    ReserveShortError,
    SecondPersonNeededError,
)
from backend.payouts.models import BankReport, Payout, PayoutFile, PayoutItem
from backend.payouts.rules import ItemState, PayoutState
from backend.payouts.service import Burn, Hold
from tests.support import builders, euro
from tests.support.clock import FrozenClock
from tests.support.works import assert_books_balance


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop with a bank account, and ten thousand euro behind the points."""
    euro.fund(database, clock, 1_000_000)
    return euro.make_shop(database, clock)


def _books(database: Database, shop: Merchant) -> dict[str, int]:
    with database.reading() as session:
        assert_books_balance(session)
        kinds = {
            "payable": names.payable(shop.id),
            "on_the_way": names.on_the_way(shop.id),
            "returned": names.returned(shop.id),
            "paid": names.PAID,
        }
        found = ledger_queries.balances(session, kinds.values())
    return {kind: found[name] for kind, name in kinds.items() if found[name]}


def _state(database: Database, payout: Payout) -> str:
    with database.reading() as session:
        return session.get_one(Payout, payout.id).state


def _import(database: Database, clock: FrozenClock, content: bytes) -> list[str]:
    with database.transaction() as session:
        report = answers.import_report(
            session, content=content, name="retours.csv", by=euro.FIRST, at=clock.now()
        )
        return [line["effect"] for line in report.lines]


def test_a_burn_is_owed_once_however_often_it_is_told(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    burn = Burn("cash-out", shop.id, 12_000, 1_200, euro.RATE, "0x" + "ab" * 32)

    for _ in range(3):
        with database.transaction() as session:
            service.owe(session, burn, hold=None, at=clock.now())

    assert _books(database, shop) == {"payable": 1_200}


def test_a_payout_travels_to_the_bank_and_is_paid(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop, cents=1_234)

    made = euro.send(database, clock)

    assert _books(database, shop) == {"on_the_way": 1_234}
    ((reference, amount),) = euro.references(made.xml).items()
    assert amount == "12.34"
    assert payout.payout_ref.upper().removeprefix("0X").startswith(reference)

    assert _import(database, clock, euro.answer((reference, "paye", ""))) == ["paid"]

    assert _state(database, payout) == PayoutState.PAID
    assert _books(database, shop) == {"paid": 1_234}


def test_whoever_prepared_a_file_cannot_release_it(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    made = euro.draft(database, clock)

    with pytest.raises(SecondPersonNeededError), database.transaction() as session:
        files.release(session, made.id, by=euro.FIRST, at=clock.now())
    with pytest.raises(IntegrityError), database.transaction() as session:
        session.execute(
            text("UPDATE payout_file SET state = 'released', released_by = prepared_by")
        )

    assert _state(database, payout) == PayoutState.IN_FILE
    assert _books(database, shop) == {"payable": 1_200}


def test_nothing_leaves_while_the_reserve_is_short(database: Database, clock: FrozenClock) -> None:
    shop = euro.make_shop(database, clock)
    euro.owe(database, clock, shop, cents=1_200)
    made = euro.draft(database, clock)

    with pytest.raises(ReserveShortError) as caught, database.transaction() as session:
        files.release(session, made.id, by=euro.SECOND, at=clock.now())
    euro.fund(database, clock, 1_200)
    with database.transaction() as session:
        files.release(session, made.id, by=euro.SECOND, at=clock.now())

    assert caught.value.facts["missing_cents"] == 1_200


def test_a_withdrawn_file_gives_its_payouts_back_under_a_new_reference(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    first = euro.draft(database, clock)

    with database.transaction() as session:
        files.withdraw(session, first.id)
    second = euro.draft(database, clock)

    assert euro.references(first.xml).keys().isdisjoint(euro.references(second.xml))
    with pytest.raises(FileNotOpenError), database.transaction() as session:
        files.release(session, first.id, by=euro.SECOND, at=clock.now())


def test_a_file_is_booked_as_sent_once(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    made = euro.send(database, clock)

    with database.transaction() as session:
        assert not files.mark_sent(session, made.id, at=clock.now())

    assert _books(database, shop) == {"on_the_way": 1_200}


def test_a_payout_without_an_account_waits_and_holds_up_nobody(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    homeless = euro.owe(database, clock, builders.make_merchant(database, clock))
    with pytest.raises(NothingToPayError):
        euro.draft(database, clock)
    euro.owe(database, clock, shop)

    made = euro.draft(database, clock)

    assert made.item_count == 1
    assert _state(database, homeless) == PayoutState.DUE
    with database.reading() as session:
        assert queries.without_account(session) == (1, 1_200)


def test_a_returned_payout_waits_for_another_account_and_is_paid_then(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    (first,) = euro.references(euro.send(database, clock).xml)
    assert _import(database, clock, euro.answer((first, "retourne", "AC04"))) == ["returned"]
    assert _books(database, shop) == {"returned": 1_200}
    with pytest.raises(AccountUnchangedError), database.transaction() as session:
        service.retry(session, payout.id, at=clock.now())

    euro.give_account(database, clock, shop, iban=euro.OTHER_IBAN)

    assert _books(database, shop) == {"payable": 1_200}
    (second,) = euro.references(euro.send(database, clock).xml)
    assert second == f"{first}-2"
    assert _import(database, clock, euro.answer((second, "paye", ""))) == ["paid"]
    # The late answer about the first try changes nothing any more.
    assert _import(database, clock, euro.answer((first, "paye", ""))) == ["unchanged"]
    assert _books(database, shop) == {"paid": 1_200}


def test_a_refused_account_gets_no_other_payout_meanwhile(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    (first,) = euro.references(euro.send(database, clock).xml)
    _import(database, clock, euro.answer((first, "rejete", "AC01")))

    euro.owe(database, clock, shop)

    with pytest.raises(NothingToPayError):
        euro.draft(database, clock)


def test_a_technical_return_is_tried_again_by_a_person(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    (first,) = euro.references(euro.send(database, clock).xml)
    _import(database, clock, euro.answer((first, "retourne", "AM05")))

    with database.transaction() as session:
        service.retry(session, payout.id, at=clock.now())

    with pytest.raises(PayoutNotMovableError), database.transaction() as session:
        service.retry(session, payout.id, at=clock.now())
    assert _books(database, shop) == {"payable": 1_200}


def test_money_that_comes_back_late_is_owed_again(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    (first,) = euro.references(euro.send(database, clock).xml)
    _import(database, clock, euro.answer((first, "paye", "")))

    _import(database, clock, euro.answer((first, "retourne", "AC04")))

    assert _books(database, shop) == {"returned": 1_200}
    assert _state(database, payout) == PayoutState.RETURNED


def test_a_whole_file_can_be_refused_at_once(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    euro.owe(database, clock, shop, cents=300)
    made = euro.send(database, clock)
    pain002 = f"""<?xml version="1.0"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
    <OrgnlGrpInfAndSts><OrgnlMsgId>{made.message_id}</OrgnlMsgId><GrpSts>RJCT</GrpSts>
    <StsRsnInf><Rsn><Cd>DUPL</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>
    </CstmrPmtStsRpt></Document>"""

    effects = _import(database, clock, pain002.encode())

    assert effects == ["returned", "returned"]
    assert _books(database, shop) == {"returned": 1_500}


def test_answers_that_do_not_fit_change_nothing_and_are_shown(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    (reference,) = euro.references(euro.draft(database, clock).xml)
    early = euro.answer((reference, "paye", ""))
    strange = b"reference;statut;montant;motif\nFFFF;paye;;\n" + f"{reference};paye;99,00;".encode()

    assert _import(database, clock, early) == ["not_sent"]
    assert _import(database, clock, strange) == ["unknown", "amount_differs"]

    assert _state(database, payout) == PayoutState.IN_FILE
    assert _books(database, shop) == {"payable": 1_200}


def test_the_same_answer_is_imported_once(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    euro.owe(database, clock, shop)
    (reference,) = euro.references(euro.send(database, clock).xml)
    content = euro.answer((reference, "paye", ""))
    _import(database, clock, content)

    with pytest.raises(BankReportKnownError):
        _import(database, clock, content)

    with database.reading() as session:
        assert len(session.exec(select(BankReport)).all()) == 1
    assert _books(database, shop) == {"paid": 1_200}


def test_a_held_payout_goes_when_its_time_has_come_or_a_person_says_so(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    reasons = ({"code": "velocity", "count": 4, "minutes": 10},)
    timed = euro.owe(
        database, clock, shop, hold=Hold(reasons, until=clock.now() + timedelta(days=3))
    )
    for_good = euro.owe(database, clock, shop, hold=Hold(reasons, until=None))

    clock.advance(days=3)
    with database.transaction() as session:
        assert service.release_lapsed(session, clock.now()) == 1
    assert _state(database, timed) == PayoutState.DUE
    assert _state(database, for_good) == PayoutState.HELD

    with database.transaction() as session:
        service.release_hold(session, for_good.id, by=euro.FIRST)

    with database.reading() as session:
        assert session.get_one(Payout, for_good.id).hold_released_by == euro.FIRST


@pytest.mark.parametrize("iban", ["", "FR1420041010050500013M02607", "XX00", "pas un iban"])
def test_a_wrong_account_number_is_refused_and_the_old_one_kept(
    database: Database, clock: FrozenClock, shop: Merchant, iban: str
) -> None:
    with pytest.raises(BankAccountInvalidError):
        euro.give_account(database, clock, shop, iban=iban)

    with database.reading() as session:
        account = queries.bank_account(session, shop.id)
        assert account is not None
        assert account.iban == euro.IBAN


@pytest.mark.parametrize("holder", ["", "  ", "☃", "\x01"])
def test_a_holder_whose_name_no_bank_can_write_is_refused(
    database: Database, clock: FrozenClock, shop: Merchant, holder: str
) -> None:
    with pytest.raises(BankAccountInvalidError), database.transaction() as session:
        service.set_bank_account(
            session,
            merchant_id=shop.id,
            holder=holder,
            iban=euro.OTHER_IBAN,
            by=shop.owner_account_id,
            at=clock.now(),
        )

    euro.owe(database, clock, shop)
    assert "Boulangerie du Port" in euro.draft(database, clock).xml


def test_a_funding_is_recorded_once_and_above_zero(database: Database, clock: FrozenClock) -> None:
    def record(cents: int) -> None:
        with database.transaction() as session:
            service.record_funding(
                session, reference="VIR 1", euro_cents=cents, by=euro.FIRST, at=clock.now()
            )

    record(500)

    with pytest.raises(FundingKnownError):
        record(500)
    with pytest.raises(FundingAmountError):
        record(0)
    with database.reading() as session:
        assert ledger_queries.balance(session, names.RESERVE) == 500


def test_the_database_refuses_a_second_live_place_for_a_payout(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    payout = euro.owe(database, clock, shop)
    made = euro.draft(database, clock)

    with pytest.raises(IntegrityError), database.transaction() as session:
        session.add(
            PayoutItem(
                end_to_end_id="AGAIN",
                payout_id=payout.id,
                file_id=made.id,
                state=ItemState.WAITING,
                payee_name="x",
                payee_iban=euro.IBAN,
                euro_cents=1_200,
            )
        )


@pytest.mark.parametrize(
    ("table", "target"), [(Payout, "paid"), (PayoutFile, "sent"), (PayoutItem, "returned")]
)
def test_the_database_refuses_a_step_that_the_table_does_not_know(
    database: Database,
    clock: FrozenClock,
    shop: Merchant,
    table: type[Payout] | type[PayoutFile] | type[PayoutItem],
    target: str,
) -> None:
    euro.owe(database, clock, shop)
    made = euro.draft(database, clock)
    with database.transaction() as session:
        files.withdraw(session, made.id)

    with pytest.raises(DBAPIError, match="may not move"), database.transaction() as session:
        session.execute(text(f"UPDATE {table.__tablename__} SET state = '{target}'"))


def test_the_database_refuses_cents_that_are_not_the_points_at_their_rate(
    database: Database, clock: FrozenClock, shop: Merchant
) -> None:
    wrong = Burn("cash-out", shop.id, 12_000, 1_201, euro.RATE, "0x" + "ab" * 32)

    with pytest.raises(IntegrityError), database.transaction() as session:
        service.owe(session, wrong, hold=None, at=clock.now())
        session.flush()
