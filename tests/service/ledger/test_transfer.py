import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlmodel import col, select

from backend.db.engine import Database
from backend.ledger import names, queries, service
from backend.ledger.errors import TransferUnbalancedError, UnitsInsufficientError
from backend.ledger.models import LedgerAccount, LedgerEntry, LedgerTransfer
from tests.support.clock import NOON

ALICE = names.confirmed("alice")
SHOP = names.takings("shop")
RUNS = itertools.count()


def _grant(database: Database, units: int, *, reference: str = "grant/1") -> None:
    with database.transaction() as session:
        service.move(
            session,
            reference=reference,
            kind="reward_granted",
            source=names.ISSUANCE,
            target=ALICE,
            units=units,
            at=NOON,
        )


def _spend(database: Database, units: int, *, reference: str) -> bool:
    with database.transaction() as session:
        return service.move(
            session,
            reference=reference,
            kind="payment_accepted",
            source=ALICE,
            target=SHOP,
            units=units,
            at=NOON,
        )


def _balances(database: Database) -> dict[str, int]:
    with database.reading() as session:
        assert queries.total(session, names.Currency.POINTS) == 0
        assert queries.drifted_accounts(session) == []
        return dict(queries.balances(session, [names.ISSUANCE, ALICE, SHOP]))


def test_a_transfer_takes_here_what_it_gives_there(database: Database) -> None:
    _grant(database, 500)
    _spend(database, 120, reference="payment/1")

    assert _balances(database) == {names.ISSUANCE: -500, ALICE: 380, SHOP: 120}


def test_a_reference_is_booked_once_however_often_it_is_asked(database: Database) -> None:
    _grant(database, 500)

    booked = [_spend(database, 120, reference="payment/1") for _ in range(3)]

    assert booked == [True, False, False]
    assert _balances(database)[ALICE] == 380


def test_nothing_moves_when_an_account_would_fall_below_zero(database: Database) -> None:
    _grant(database, 100)

    with pytest.raises(UnitsInsufficientError) as caught:
        _spend(database, 101, reference="payment/1")

    assert caught.value.account_name == ALICE
    assert _balances(database) == {names.ISSUANCE: -100, ALICE: 100, SHOP: 0}


def test_a_refused_reference_can_be_booked_later(database: Database) -> None:
    with pytest.raises(UnitsInsufficientError):
        _spend(database, 10, reference="payment/1")
    _grant(database, 10)

    assert _spend(database, 10, reference="payment/1")


def test_legs_that_do_not_sum_to_zero_are_refused(database: Database) -> None:
    with pytest.raises(TransferUnbalancedError), database.transaction() as session:
        service.transfer(
            session, reference="x", kind="x", legs={names.ISSUANCE: -5, ALICE: 4}, at=NOON
        )

    assert _balances(database)[ALICE] == 0


def test_fifty_simultaneous_spends_never_take_more_than_there_is(database: Database) -> None:
    # I-8
    _grant(database, 1000)

    def spend(number: int) -> bool:
        try:
            return _spend(database, 90, reference=f"payment/{number}")
        except UnitsInsufficientError:
            return False

    with ThreadPoolExecutor(50) as pool:
        accepted = sum(pool.map(spend, range(50)))

    assert accepted == 11
    assert _balances(database) == {names.ISSUANCE: -1000, ALICE: 10, SHOP: 990}


def test_fifty_simultaneous_bookings_of_one_reference_book_it_once(database: Database) -> None:
    _grant(database, 1000)

    with ThreadPoolExecutor(50) as pool:
        booked = sum(pool.map(lambda _: _spend(database, 10, reference="payment/1"), range(50)))

    assert booked == 1
    assert _balances(database)[ALICE] == 990


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_entry SET units = units + 1", "DELETE FROM ledger_entry"]
)
def test_the_database_itself_refuses_to_change_an_entry(database: Database, statement: str) -> None:
    _grant(database, 100)

    with (
        pytest.raises(DatabaseError, match="append-only"),
        database.transaction() as session,
    ):
        session.execute(text(statement))

    assert _balances(database)[ALICE] == 100


MOVES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde"), st.integers(1, 300)), max_size=25
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_books_balance_after_any_series_of_transfers(
    sqlite_database: Database, moves: list[tuple[str, str, int]]
) -> None:
    # I-8: the same moves on a plain dictionary end with the same balances.
    model = dict.fromkeys("abcde", 0)
    run = next(RUNS)  # Examples share one database, so each has accounts of its own.
    accounts = {name: names.confirmed(f"{run}-{name}") for name in model}

    for number, (source, target, units) in enumerate(moves):
        is_grant = number % 3 == 0
        taken_from = names.ISSUANCE if is_grant else accounts[source]
        if source == target and not is_grant:
            continue
        try:
            with sqlite_database.transaction() as session:
                service.move(
                    session,
                    reference=f"{run}/{number}",
                    kind="moved",
                    source=taken_from,
                    target=accounts[target],
                    units=units,
                    at=NOON,
                )
        except UnitsInsufficientError:
            assert model[source] < units
            continue
        model[target] += units
        if not is_grant:
            model[source] -= units

    with sqlite_database.reading() as session:
        found = queries.balances(session, accounts.values())
        assert {name: found[accounts[name]] for name in model} == model
        assert queries.total(session, names.Currency.POINTS) == 0
        assert queries.drifted_accounts(session) == []


def test_one_transfer_burns_points_and_owes_euro(database: Database) -> None:
    payable = names.payable("shop")
    _grant(database, 500)
    _spend(database, 500, reference="payment/1")

    with database.transaction() as session:
        legs = {SHOP: -500, names.BURNED: 500, names.RESERVE: -50, payable: 50}
        service.transfer(session, reference="burn/1", kind="burned", legs=legs, at=NOON)

    with database.reading() as session:
        assert queries.total(session, names.Currency.POINTS) == 0
        assert queries.total(session, names.Currency.EUR) == 0
        found = queries.balances(session, [names.BURNED, names.RESERVE, payable])
    assert found == {names.BURNED: 500, names.RESERVE: -50, payable: 50}


def test_points_do_not_balance_euro(database: Database) -> None:
    legs = {names.ISSUANCE: -100, names.PAID: 100}

    with pytest.raises(TransferUnbalancedError), database.transaction() as session:
        service.transfer(session, reference="wrong/1", kind="wrong", legs=legs, at=NOON)


@pytest.mark.parametrize("account_name", [ALICE, names.payable("shop")])
def test_the_database_refuses_to_commit_a_transfer_that_does_not_sum_to_zero(
    database: Database, account_name: str
) -> None:
    source = names.RESERVE if names.currency_of(account_name) == "eur" else names.ISSUANCE
    _grant(database, 500)

    with (
        pytest.raises(IntegrityError, match=r"(?i)foreign key"),
        database.transaction() as session,
    ):
        service.transfer(
            session,
            reference="wrong/1",
            kind="wrong",
            legs={account_name: 7, source: -7},
            at=NOON,
        )
        transfer = session.exec(
            select(LedgerTransfer).where(col(LedgerTransfer.reference) == "wrong/1")
        ).one()
        session.add(
            LedgerEntry(
                transfer_id=transfer.id,
                account_name=account_name,
                units=1,
                balance_after_units=8,
            )
        )

    assert _balances(database)[ALICE] == 500


def test_the_database_refuses_an_account_in_the_wrong_currency(database: Database) -> None:
    wrong = LedgerAccount(name=names.PAID, may_go_negative=False, currency=names.Currency.POINTS)

    with pytest.raises(IntegrityError, match="currency_of_name"), database.transaction() as session:
        session.add(wrong)
