"""From a claim to confirmed points, and every way in which that can be held up."""

import pytest

from backend.accounts.models import Account, AccountAddress
from backend.actions.models import Incarnation
from backend.batches.models import Attempt, Batch
from backend.batches.rules import BatchKind, BatchState
from backend.db.engine import Database
from backend.ledger import names
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from tests.support import builders
from tests.support.builders import GLASS_UNITS, Terminal
from tests.support.clock import FrozenClock
from tests.support.fakes import KEYS
from tests.support.works import Works


def _points_on_chain(works: Works) -> int:
    return sum(works.node.books.units.values())


def _assert_minted_once(works: Works, alice: Account) -> None:
    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS
    assert works.units(names.pending(alice.id)) == 0
    assert _points_on_chain(works) == GLASS_UNITS
    assert works.states(Reward) == [RewardState.CONFIRMED]


def test_a_deposit_becomes_points_on_chain(works: Works, kiosk: Terminal, alice: Account) -> None:
    works.claim(alice.id, kiosk.slot_code())

    works.run()

    _assert_minted_once(works, alice)
    (address,) = works.all(AccountAddress)
    assert works.node.books.units == {address.address.lower(): GLASS_UNITS}


def test_points_are_pending_until_the_block_is_deep_enough(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.mine()
    works.steps()

    before = works.units(names.confirmed(alice.id)), works.states(Batch)
    works.node.mine()
    works.steps()

    assert before == (0, [BatchState.MINED])
    assert works.units(names.confirmed(alice.id)) == GLASS_UNITS


def test_points_of_somebody_without_address_wait(works: Works, kiosk: Terminal) -> None:
    phone = builders.make_citizen(works.database, works.clock, has_address=False)
    works.claim(phone.id, kiosk.slot_code())
    works.wallet.is_down = True

    works.run(3)

    assert works.units(names.pending(phone.id)) == GLASS_UNITS
    assert works.states(Reward) == [RewardState.READY]


def test_rewards_of_many_people_share_a_batch_in_the_order_of_the_contract(
    works: Works, kiosk: Terminal
) -> None:
    people = [builders.make_citizen(works.database, works.clock) for _ in range(5)]
    for seq, person in enumerate(people):
        works.claim(person.id, kiosk.slot_code(seq=seq), key=f"person-{seq}")

    works.run()

    (batch,) = works.all(Batch)
    assert (batch.item_count, batch.edition_number) == (5, 1)
    assert len(works.node.books.consumed) == 5
    assert _points_on_chain(works) == 5 * GLASS_UNITS


@pytest.mark.parametrize(
    "method",
    [
        "head",
        "block",
        "logs",
        "estimate_gas",
        "base_fee_wei",
        "transaction_count",
        "send",
        "mined",
        "mined_count",
        "*",
    ],
)
def test_work_resumes_by_itself_when_the_node_comes_back(
    works: Works, kiosk: Terminal, alice: Account, method: str
) -> None:
    works.claim(alice.id, kiosk.slot_code())

    with works.node.without(method):
        works.run(4)
        assert works.units(names.pending(alice.id)) == GLASS_UNITS or method not in ("*", "send")
    works.run()

    _assert_minted_once(works, alice)


def test_the_verdict_needs_neither_node_nor_wallet(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.wallet.is_down = True

    with works.node.without():
        works.run(2)

    assert works.units(names.pending(alice.id)) == GLASS_UNITS


def test_work_resumes_by_itself_when_the_wallet_comes_back(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.wallet.is_down = True
    works.run(4)
    assert works.all(Attempt) == []

    works.wallet.is_down = False
    works.run()

    _assert_minted_once(works, alice)


def test_a_signature_whose_answer_was_lost_is_asked_for_again(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.wallet.loses_answers = True
    works.run(3)

    works.wallet.loses_answers = False
    works.run()

    _assert_minted_once(works, alice)
    assert len(works.all(Attempt)) == 1


def test_bytes_are_stored_before_they_are_sent(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())

    with works.node.without("send"):
        works.run(2)

    (attempt,) = works.all(Attempt)
    works.run()
    assert set(works.node.sent) == {attempt.raw}


def test_a_transaction_that_the_pool_lost_is_sent_again(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.forgets = True
    works.run(3)
    assert works.states(Batch) == [BatchState.SENT]

    works.node.forgets = False
    works.run()

    _assert_minted_once(works, alice)
    assert len(set(works.node.sent)) == 1


def test_words_of_the_node_prove_nothing(works: Works, kiosk: Terminal, alice: Account) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.words = "already known, nonce too low, replacement underpriced"
    works.run(3)
    (batch,) = works.all(Batch)
    assert (batch.state, batch.last_error) == (BatchState.SIGNED, works.node.words)

    works.node.words = ""
    works.run()

    _assert_minted_once(works, alice)


def test_a_lost_nonce_frees_the_rewards_and_they_keep_their_ids(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.forgets = True
    works.steps()
    (before,) = works.all(Reward)

    works.node.use_nonce(KEYS["minter"])
    works.node.forgets = False
    works.run()

    assert sorted(works.states(Batch)) == [BatchState.CONFIRMED, BatchState.REPLACED]
    assert works.node.books.consumed == {before.reward_id}
    _assert_minted_once(works, alice)


def test_a_reverted_batch_frees_the_rewards_and_they_keep_their_ids(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.reverts = {"issue"}
    works.steps()
    works.node.mine()
    (before,) = works.all(Reward)

    works.node.reverts = set()
    works.run()

    assert sorted(works.states(Batch)) == [BatchState.CONFIRMED, BatchState.REVERTED]
    assert works.node.books.consumed == {before.reward_id}
    _assert_minted_once(works, alice)


def test_the_nonce_of_a_reverted_batch_is_filled_when_its_block_is_dropped(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.reverts = {"issue"}
    works.steps()
    works.node.mine()
    works.steps()
    assert works.states(Batch)[0] == BatchState.REVERTED

    works.node.reorganise(1, forget=True)
    works.node.reverts = set()
    works.run(12)

    kinds = {(batch.nonce, batch.kind, batch.state) for batch in works.all(Batch)}
    assert kinds == {
        (0, BatchKind.GAP_FILLER, BatchState.CONFIRMED),
        (1, BatchKind.MINT, BatchState.CONFIRMED),
    }
    _assert_minted_once(works, alice)


def test_the_sweep_fills_the_nonce_of_a_reverted_batch_that_nothing_follows(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.reverts = {"issue"}
    works.steps()
    works.node.refuses["issue"] = "EcoToken_MintPaused"
    works.run(6)
    assert works.states(Batch) == [BatchState.REVERTED]

    works.node.reorganise(6, forget=True)
    works.run(6)

    (filler,) = works.all(Batch)
    assert (filler.kind, filler.state) == (BatchKind.GAP_FILLER, BatchState.CONFIRMED)


def test_a_call_that_would_revert_is_neither_signed_nor_given_a_nonce(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.node.refuses["issue"] = "EcoToken_MintPaused"

    works.run(3)
    assert works.all(Batch) == []
    works.node.refuses.clear()
    works.run()

    _assert_minted_once(works, alice)


@pytest.mark.parametrize("forget", [False, True])
def test_a_reorganisation_sends_the_batch_back_and_it_is_confirmed_later(
    works: Works, kiosk: Terminal, alice: Account, *, forget: bool
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.mine()
    works.steps()
    assert works.states(Batch) == [BatchState.MINED]

    works.node.reorganise(1, forget=forget)
    works.steps()
    assert works.states(Batch) == [BatchState.SENT]
    works.run()

    _assert_minted_once(works, alice)
    assert len(works.all(Batch)) == 1


def test_a_batch_that_reverts_on_the_new_branch_is_not_confirmed(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.mine()
    works.steps()

    works.node.reorganise(1)
    works.node.reverts = {"issue"}
    works.node.mine(3)
    works.steps()
    assert works.units(names.confirmed(alice.id)) == 0
    works.node.reverts = set()
    works.run()

    assert sorted(works.states(Batch)) == [BatchState.CONFIRMED, BatchState.REVERTED]
    _assert_minted_once(works, alice)


def test_an_id_that_the_chain_consumed_before_is_success_found_late(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    (reward,) = works.all(Reward)
    (address,) = works.all(AccountAddress)
    works.node.books.consumed.add(reward.reward_id)
    works.node.books.units[address.address.lower()] = GLASS_UNITS

    works.run()

    _assert_minted_once(works, alice)


def test_an_edition_that_cannot_be_minted_does_not_hold_up_another(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.claim(alice.id, kiosk.slot_code(seq=1), key="second-deposit")
    with works.node.without():
        works.steps()
    with works.database.transaction() as session:
        builders.publish_second(session, effective_from=works.clock.now())
    _spread_over_editions(works, 1, 2)

    works.node.refused_editions = {1}
    works.run()

    by_edition = {reward.edition_number: reward.state for reward in works.all(Reward)}
    assert by_edition == {1: RewardState.READY, 2: RewardState.CONFIRMED}


def _spread_over_editions(works: Works, *editions: int) -> None:
    with works.database.transaction() as session:
        for edition, reward in zip(editions, works.all(Reward), strict=True):
            reward.edition_number = edition
            session.merge(reward)


def test_an_empty_database_asks_the_chain_for_its_incarnation(
    sqlite_database: Database, clock: FrozenClock
) -> None:
    works = Works(sqlite_database, clock)

    works.run()

    assert [batch.kind for batch in works.all(Batch)] == [BatchKind.OPEN_INCARNATION]
    assert [row.number for row in works.all(Incarnation)] == [1]
