"""Guesses are counted, locks end, and the limit of refunds holds under races."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.clerks import queries, service
from backend.clerks.errors import (
    ClerkFirstPINError,
    ClerkInvalidError,
    ClerkLockedError,
    ClerkPINWeakError,
    ClerkPINWrongError,
    ClerkRefundLimitError,
)
from backend.clerks.models import Clerk
from backend.clerks.rules import LOCK_LIFE, PIN_TRIES, pin_hash
from backend.db.engine import Database
from backend.kernel.errors import EcoError
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market import queries as market_queries
from backend.market.models import Payment
from backend.market.rules import PaymentState
from backend.merchants.models import Merchant
from backend.workflows import give_back_payment, staff_a_till
from tests.support import builders
from tests.support.clock import FrozenClock

OWN = "2580"


@pytest.fixture
def shop(database: Database, clock: FrozenClock) -> Merchant:
    """A shop that takes payments."""
    return builders.make_merchant(database, clock)


@pytest.fixture
def hired(database: Database, clock: FrozenClock, shop: Merchant) -> tuple[Clerk, str]:
    """A clerk who may give 10 points back a day, and the first PIN."""
    with database.transaction() as session:
        return staff_a_till.hire(
            session, merchant_id=shop.id, name="Zoé", refund_limit_units=1000, now=clock.now()
        )


@pytest.fixture
def guess(
    database: Database, clock: FrozenClock, hired: tuple[Clerk, str]
) -> Callable[..., EcoError | None]:
    """Try a PIN as the clerk."""
    clerk_id = hired[0].id

    def go(pin: str, new_pin: str = "") -> EcoError | None:
        with database.transaction() as session:
            clerk = session.get_one(Clerk, clerk_id)
            hashed = pin_hash(pin, clerk.pin_salt)
            return service.try_pin(session, clerk_id, hashed, new_pin=new_pin, now=clock.now())

    return go


def test_a_first_pin_opens_only_together_with_a_new_one(
    hired: tuple[Clerk, str], guess: Callable[..., EcoError | None]
) -> None:
    first = hired[1]

    assert isinstance(guess(first), ClerkFirstPINError)
    assert isinstance(guess(first, "1234"), ClerkPINWeakError)
    assert isinstance(guess(first, first), ClerkPINWeakError)
    assert guess(first, OWN) is None
    assert isinstance(guess(first), ClerkPINWrongError)
    assert guess(OWN) is None


def test_wrong_pins_lock_for_a_while_and_one_more_locks_again(
    hired: tuple[Clerk, str], guess: Callable[..., EcoError | None], clock: FrozenClock
) -> None:
    guess(hired[1], OWN)
    left = [getattr(guess("1357"), "facts", {}).get("tries_left") for _ in range(PIN_TRIES - 1)]

    assert left == [4, 3, 2, 1]
    assert isinstance(guess("1357"), ClerkLockedError)
    assert isinstance(guess(OWN), ClerkLockedError)
    clock.advance(minutes=LOCK_LIFE.seconds // 60)
    assert isinstance(guess("1357"), ClerkLockedError)
    clock.advance(minutes=LOCK_LIFE.seconds // 60)
    assert guess(OWN) is None
    assert isinstance(guess("1357"), ClerkPINWrongError)


def test_guesses_at_once_are_no_more_than_guesses_in_a_row(
    hired: tuple[Clerk, str], guess: Callable[..., EcoError | None]
) -> None:
    guess(hired[1], OWN)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, ["1357"] * 16))

    wrong = [answer for answer in answers if isinstance(answer, ClerkPINWrongError)]
    assert len(wrong) == PIN_TRIES - 1
    assert isinstance(guess(OWN), ClerkLockedError)


def test_a_new_pin_from_the_owner_ends_a_lock(
    database: Database, hired: tuple[Clerk, str], guess: Callable[..., EcoError | None]
) -> None:
    for _ in range(PIN_TRIES):
        guess("1357")

    with database.transaction() as session:
        pin = staff_a_till.give_new_pin(session, session.get_one(Clerk, hired[0].id))

    assert isinstance(guess(hired[1]), ClerkPINWrongError)
    assert guess(pin, OWN) is None


@pytest.mark.parametrize(
    ("name", "limit", "field"),
    [("", 0, "name"), ("x" * 41, 0, "name"), (" zoé ", 0, "name_taken"), ("Max", -1, "limit")],
)
def test_a_clerk_that_cannot_be_opens_no_account(
    database: Database, clock: FrozenClock, hired: tuple[Clerk, str], *, name: str, limit: int,
    field: str,
) -> None:  # fmt: skip
    with pytest.raises(ClerkInvalidError) as caught, database.transaction() as session:
        staff_a_till.hire(
            session,
            merchant_id=hired[0].merchant_id,
            name=name,
            refund_limit_units=limit,
            now=clock.now(),
        )

    assert caught.value.field == field


def test_whoever_was_let_go_is_out_and_stays_in_the_books(
    database: Database, clock: FrozenClock, hired: tuple[Clerk, str],
    guess: Callable[..., EcoError | None],
) -> None:  # fmt: skip
    guess(hired[1], OWN)
    with database.transaction() as session:
        staff_a_till.let_go(session, session.get_one(Clerk, hired[0].id), now=clock.now())

    assert isinstance(guess(OWN), ClerkLockedError)
    with database.reading() as session:
        assert queries.active_of(session, hired[0].merchant_id) == []
        assert queries.names_of(session, hired[0].merchant_id) == {hired[0].account_id: "Zoé"}


def _sold(database: Database, clock: FrozenClock, shop: Merchant, units: int) -> Payment:
    with database.transaction() as session:
        payment = Payment(
            merchant_id=shop.id,
            payer_account_id="lou",
            units=units,
            state=PaymentState.CONFIRMED,
            payment_ref="0x" + "1" * 64,
            salt="0x" + "2" * 64,
            requested_at=clock.now(),
            expires_at=clock.now() + timedelta(minutes=5),
            accepted_at=clock.now(),
        )
        session.add(payment)
        ledger.move(
            session,
            reference=f"test/{payment.id}",
            kind="reward_confirmed",
            source=names.ISSUANCE,
            target=names.takings(shop.id),
            units=units,
            at=clock.now(),
        )
        return payment


def test_a_clerk_gives_back_up_to_the_limit_of_the_day_however_fast(
    database: Database, clock: FrozenClock, shop: Merchant, hired: tuple[Clerk, str]
) -> None:
    payment, clerk = _sold(database, clock, shop, 5000), hired[0]

    def give(key: int) -> bool:
        try:
            with database.transaction() as session:
                give_back_payment.give_back(
                    session,
                    session.get_one(Payment, payment.id),
                    key=f"{payment.id}/{key:016}",
                    units=300,
                    reason="",
                    asked_by=clerk.account_id,
                    now=clock.now(),
                )
        except ClerkRefundLimitError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(give, range(10)))

    assert sum(done) == 3
    assert give(done.index(True)), "asking again with the same key is no second refund"
    with database.reading() as session:
        since = clock.now() - timedelta(hours=1)
        taken = market_queries.taken_by(session, shop.id, since=since)
        assert taken[clerk.account_id].given_back_units == 900
        assert give_back_payment.left_units(session, clerk.account_id, now=clock.now()) == 100
    clock.advance(days=1)
    assert give(99), "the next day counts anew"
