"""Large payments: a PIN or passkey between the yes and the accepted sale."""

from collections.abc import Callable

import pytest

from backend.accounts import queries as account_queries
from backend.accounts.models import Account
from backend.db import event_log
from backend.factors import service as factors
from backend.factors.errors import FactorMissingError, ProofNeededError
from backend.factors.models import Factor
from backend.factors.rules import FactorState
from backend.ledger import names
from backend.ledger import service as ledger
from backend.market.errors import PaymentNotOpenError
from backend.market.models import Payment
from backend.market.rules import PROOF_ATTEMPTS_MAX, PaymentState
from backend.merchants.models import Merchant
from backend.workflows import pay_merchant
from backend.workflows.prove_payment import NO_PROOF, Proof
from tests.support import builders
from tests.support.works import Works

LARGE = 60_000
PIN = Proof(pin="4711")
Pay = Callable[[Proof], None]


@pytest.fixture
def alice(works: Works, alice: Account) -> Account:
    """A citizen with an address and 1,000 points in both books."""
    works.run(2)
    with works.database.transaction() as session:
        ledger.move(
            session,
            reference="test/alice",
            kind="reward_confirmed",
            source=names.ISSUANCE,
            target=names.confirmed(alice.id),
            units=100_000,
            at=works.clock.now(),
        )
    works.node.books.units[_address(works, alice).lower()] = 100_000
    return alice


@pytest.fixture
def shop(works: Works) -> Merchant:
    """A shop that the chain knows."""
    return builders.make_merchant(works.database, works.clock)


@pytest.fixture
def pay(works: Works, alice: Account, shop: Merchant) -> Pay:
    """Let Alice answer one request of 600 points, again and again."""
    with works.database.transaction() as session:
        payment = pay_merchant.request(
            session, merchant_id=shop.id, units=LARGE, label="vélo", at=works.clock.now()
        )

    def pay(proof: Proof) -> None:
        with works.database.transaction() as session:
            pay_merchant.pay(
                session,
                payment_id=payment.id,
                account_id=alice.id,
                proof=proof,
                now=works.clock.now(),
            )

    return pay


def _address(works: Works, account: Account) -> str:
    with works.database.reading() as session:
        found = account_queries.spending_address(session, account.id)
    assert found is not None
    return found


def _enrol(works: Works, alice: Account) -> None:
    with works.database.transaction() as session:
        factors.request_pin(
            session,
            account_id=alice.id,
            address=_address(works, alice),
            pin="4711",
            at=works.clock.now(),
        )
    works.run(1)


def _payment(works: Works) -> Payment:
    (payment,) = works.all(Payment)
    return payment


def _kinds_told(works: Works, account_id: str) -> list[str]:
    with works.database.reading() as session:
        return [row.kind for row in event_log.after(session, 0) if row.audience == account_id]


def test_a_pin_is_enrolled_and_what_it_was_made_of_is_forgotten(
    works: Works, alice: Account
) -> None:
    _enrol(works, alice)

    (factor,) = works.all(Factor)
    assert factor.state == FactorState.ACTIVE
    assert factor.material is None
    assert "4711" not in str(works.wallet.requests)


def test_a_large_payment_asks_for_a_factor_then_for_a_proof(
    works: Works, alice: Account, pay: Pay
) -> None:
    with pytest.raises(FactorMissingError):
        pay(NO_PROOF)
    _enrol(works, alice)
    with pytest.raises(ProofNeededError):
        pay(NO_PROOF)

    assert _payment(works).state == PaymentState.REQUESTED
    assert works.units(names.confirmed(alice.id)) == 100_000


def test_the_shop_hears_accepted_only_once_the_pin_is_verified(
    works: Works, alice: Account, shop: Merchant, pay: Pay
) -> None:
    _enrol(works, alice)

    pay(PIN)
    assert _kinds_told(works, shop.owner_account_id) == ["payment_checking"]
    assert "4711" not in str(_payment(works).proof)
    works.run()

    assert _payment(works).state == PaymentState.CONFIRMED
    assert _payment(works).proof is None
    kinds = ["payment_checking", "payment_accepted", "payment_confirmed"]
    assert _kinds_told(works, shop.owner_account_id) == kinds


def test_a_wrong_pin_gives_the_points_back_and_the_next_try_pays(
    works: Works, alice: Account, shop: Merchant, pay: Pay
) -> None:
    _enrol(works, alice)
    works.wallet.wrong_proofs = True
    pay(PIN)
    works.run(2)

    assert _payment(works).state == PaymentState.REQUESTED
    assert _payment(works).waiting_code == "pin_wrong"
    assert works.units(names.confirmed(alice.id)) == 100_000

    works.wallet.wrong_proofs = False
    pay(PIN)
    works.run()

    assert _payment(works).state == PaymentState.CONFIRMED
    assert works.units(names.takings(shop.id)) == LARGE
    assert works.units(names.confirmed(alice.id)) == 40_000


def test_five_wrong_pins_close_the_payment(works: Works, alice: Account, pay: Pay) -> None:
    _enrol(works, alice)
    works.wallet.wrong_proofs = True
    for _ in range(PROOF_ATTEMPTS_MAX):
        pay(PIN)
        works.run(1)

    assert _payment(works).state == PaymentState.FAILED
    assert works.units(names.confirmed(alice.id)) == 100_000
    assert works.units(names.in_flight(alice.id)) == 0
    with pytest.raises(PaymentNotOpenError):
        pay(PIN)
