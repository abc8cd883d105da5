"""Holes in the row of nonces, and who may fill them."""

from datetime import timedelta

import pytest

from backend.accounts.models import Account
from backend.batches.models import Batch
from backend.batches.rules import FEE_CAP_WEI, PRIORITY_FEE_WEI, BatchKind, BatchState
from backend.books.errors import SupersededError
from backend.chain import signed
from backend.jobs.reserve import FeesTooHighError
from backend.jobs.steps import fill
from backend.jobs.steps import replace as replacing
from backend.jobs.steps.fill import FILL_AFTER, fill_gaps
from backend.rewards.models import Reward
from backend.rewards.rules import RewardState
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.fakes import BASE_FEE_WEI, KEYS
from tests.support.works import Works

MINTER = KEYS["minter"]


@pytest.fixture
def gap(works: Works, kiosk: Terminal, alice: Account) -> Batch:
    """A mint that waits behind two nonces which a pool showed and no block will hold."""
    works.node.phantoms[MINTER] = 2
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.phantoms.clear()
    (batch,) = [b for b in works.all(Batch) if b.kind == BatchKind.MINT]
    assert batch.nonce == 2
    return batch


def _fillers(works: Works) -> list[Batch]:
    return [b for b in works.all(Batch) if b.kind == BatchKind.GAP_FILLER]


def test_a_young_gap_is_left_to_the_pool(works: Works, gap: Batch) -> None:
    works.clock.set(gap.created_at + FILL_AFTER - timedelta(seconds=1))

    assert not fill_gaps(works.context)
    assert _fillers(works) == []


def test_an_old_gap_is_closed_by_payments_of_nothing_to_oneself(works: Works, gap: Batch) -> None:
    works.clock.set(gap.created_at + FILL_AFTER)

    assert fill_gaps(works.context)

    fillers = _fillers(works)
    assert [f.nonce for f in fillers] == [0, 1]
    assert {(f.to_address, f.calldata, f.gas, f.item_count) for f in fillers} == {
        (MINTER, "0x", 21_000, 0)
    }
    works.run(4)
    assert works.states(Reward) == [RewardState.CONFIRMED]
    assert {b.state for b in works.all(Batch)} == {BatchState.CONFIRMED}


def test_a_gap_is_closed_once_by_two_runners(works: Works, gap: Batch) -> None:
    works.clock.set(gap.created_at + FILL_AFTER)

    assert fill_gaps(works.context)
    assert not fill_gaps(works.context)
    assert len(_fillers(works)) == 2


def test_what_waits_in_a_row_has_no_gap(works: Works, kiosk: Terminal, alice: Account) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.clock.advance(seconds=600)

    assert not fill_gaps(works.context)


def test_a_filler_outbids_what_the_key_signed_there_before(works: Works, gap: Batch) -> None:
    sender = works.context.sender("minter")
    fields = {
        "request_id": "lost with a database",
        "key": "minter",
        "chain_id": gap.chain_id,
        "nonce": 0,
        "to": gap.to_address,
        "data": gap.calldata,
        "gas": 100_000,
        "max_fee_per_gas_wei": 20 * BASE_FEE_WEI,
        "max_priority_fee_per_gas_wei": 8 * PRIORITY_FEE_WEI,
        "value_wei": 0,
    }
    works.wallet.sign_transaction(fields)

    assert fill.fill(works.context, "minter", [0, 1]) == 2

    first, second = _fillers(works)
    assert first.sender == sender.address
    assert first.max_fee_per_gas_wei * 10 >= 20 * BASE_FEE_WEI * 11
    assert first.max_priority_fee_per_gas_wei * 10 >= 8 * PRIORITY_FEE_WEI * 11
    assert second.max_fee_per_gas_wei < 20 * BASE_FEE_WEI


def test_a_nonce_that_a_live_batch_holds_is_not_filled(works: Works, gap: Batch) -> None:
    assert fill.fill(works.context, "minter", [gap.nonce]) == 0
    assert _fillers(works) == []


def test_a_replaced_batch_whose_nonce_is_free_again_becomes_a_filler(
    works: Works, gap: Batch
) -> None:
    with works.database.transaction() as session:
        row = session.get_one(Batch, gap.id)
        row.state = BatchState.REPLACED
        session.add(row)

    assert fill.fill(works.context, "minter", [gap.nonce]) == 1
    (again,) = _fillers(works)
    assert (again.id, again.state, again.nonce) == (gap.id, BatchState.RESERVED, gap.nonce)


def test_nothing_is_filled_above_the_ceiling_of_fees(works: Works, gap: Batch) -> None:
    works.node.base_fee_wei_now = FEE_CAP_WEI
    works.clock.set(gap.created_at + FILL_AFTER)

    with pytest.raises(FeesTooHighError):
        fill_gaps(works.context)

    assert _fillers(works) == []


def test_no_attempt_ever_offers_more_than_the_ceiling(
    works: Works, kiosk: Terminal, alice: Account
) -> None:
    works.claim(alice.id, kiosk.slot_code())
    works.steps()
    works.node.base_fee_wei_now = FEE_CAP_WEI - 2 * PRIORITY_FEE_WEI
    for _ in range(40):
        works.clock.advance(seconds=int(replacing.REPLACE_AFTER.total_seconds()))
        works.steps()

    offers = [signed.read(raw).max_fee_per_gas_wei for raw in works.node.sent]
    assert max(offers) <= FEE_CAP_WEI
    assert len(set(offers)) > 1
    works.node.base_fee_wei_now = BASE_FEE_WEI
    works.run(4)
    assert works.states(Reward) == [RewardState.CONFIRMED]


def test_an_older_copy_neither_reserves_nor_fills(
    works: Works, kiosk: Terminal, alice: Account, gap: Batch
) -> None:
    works.node.books.incarnation = builders.INCARNATION + 1
    works.claim(alice.id, kiosk.slot_code(seq=1))
    works.clock.set(gap.created_at + FILL_AFTER)
    before = len(works.all(Batch))

    works.steps()

    assert len(works.all(Batch)) == before
    with pytest.raises(SupersededError):
        fill_gaps(works.context)
