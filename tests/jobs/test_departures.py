"""Points leave the kept account only with their owner's PIN, and a mail says so in time."""

import pytest

from backend.accounts.models import Account
from backend.batches.models import Batch
from backend.batches.rules import BatchKind
from backend.custody.rules import MoveState
from backend.db.engine import Database
from backend.factors.errors import FactorMissingError, ProofNeededError
from backend.factors.models import Factor
from backend.workflows import move_custody, notices
from tests.support.builders import Terminal
from tests.support.moves import KEY, PIN, address, answer, begin_out, choose_pin, newest, sign, wait
from tests.support.works import Works


@pytest.fixture
def works_database(database: Database) -> Database:
    """Both engines, as in test_custody.py."""
    return database


@pytest.fixture
def alice(works: Works, kiosk: Terminal, alice: Account) -> Account:
    """A citizen with 200 confirmed units and a PIN."""
    works.claim(alice.id, kiosk.slot_code())
    works.run()
    choose_pin(works, alice)
    return alice


def test_the_citizens_own_proof_goes_to_the_wallet_service_and_is_kept_nowhere(
    works: Works, alice: Account
) -> None:
    move = begin_out(works, alice)
    with pytest.raises(ProofNeededError), works.database.transaction() as session:
        move_custody.answer(
            session,
            move_id=move.id,
            account_id=alice.id,
            signature=sign(KEY, move_custody.typed(session, move)),
            now=works.clock.now(),
        )
    answer(works, move)
    stored = newest(works, alice)
    assert stored.proof is not None
    assert PIN not in str(stored.proof)

    works.run(3)

    assert works.wallet.departures == [(address(works, alice), KEY.address)]
    assert newest(works, alice).proof is None


def test_a_wrong_pin_lets_nothing_leave(works: Works, alice: Account) -> None:
    works.wallet.wrong_proofs = True
    answer(works, begin_out(works, alice))

    wait(works)

    move = newest(works, alice)
    assert (move.state, move.refusal_code) == (MoveState.REFUSED, "pin_wrong")
    assert move.proof is None
    assert [b.kind for b in works.all(Batch)].count(BatchKind.ANNOUNCE_MOVE) == 0
    works.wallet.wrong_proofs = False
    begin_out(works, alice)


def test_without_pin_or_passkey_nothing_can_leave(works: Works, alice: Account) -> None:
    with works.database.transaction() as session:
        for factor in works.all(Factor):
            session.delete(session.get_one(Factor, factor.id))

    with pytest.raises(FactorMissingError):
        begin_out(works, alice)


def test_a_wallet_service_that_is_away_is_asked_again(works: Works, alice: Account) -> None:
    answer(works, begin_out(works, alice))
    works.wallet.is_down = True
    works.run(1)
    assert newest(works, alice).state == MoveState.SIGNED

    works.wallet.is_down = False
    wait(works)

    assert newest(works, alice).state == MoveState.DONE


def test_a_mail_says_where_the_points_go_until_when_and_how_to_undo_it(
    works: Works, alice: Account
) -> None:
    with works.database.transaction() as session:
        session.get_one(Account, alice.id).email = "alice@test.example"
    answer(works, begin_out(works, alice))

    works.run(3)

    (mail,) = works.mail.delivered
    assert mail["To"] == "alice@test.example"
    text = mail.get_content()
    move = newest(works, alice)
    assert move.executable_at is not None
    for words in (
        KEY.address,
        "https://calanque.example/compte/portefeuille",
        notices.instant(move.executable_at, "fr"),
    ):
        assert words in text
