"""Whom a mint that is not ours paid, read from its calldata and its events."""

from backend.chain.contracts import Contracts
from backend.rewards.rules import mint_word
from tests.support import fake_events
from tests.support.fakes import CONTRACTS, DEPLOYMENT

TX = "0x" + "77" * 32
ALICE = "0x52908400098527886E0F7030069857D2E4169EE7"
TOKEN = CONTRACTS["EcoToken"]


def test_what_was_consumed_before_was_not_minted_again() -> None:
    # Adopted, a skipped credit would stand in the books and not on chain.
    contracts = Contracts(DEPLOYMENT)
    words = [
        mint_word(address=ALICE.lower(), reward_id=number, units=100 * number)
        for number in (1, 2, 3)
    ]
    logs = [
        fake_events.minted(TOKEN, ALICE, 400, TX),
        fake_events.skipped(TOKEN, 2, TX),
        fake_events.skipped(TOKEN, 3, "0x" + "88" * 32),
    ]

    items = contracts.minted_items(logs, TX, contracts.issue(1, bytes(32), words))

    assert [(item.address, item.reward_id, item.units) for item in items] == [
        (ALICE, 1, 100),
        (ALICE, 3, 300),
    ]


def test_of_an_id_that_comes_twice_the_first_one_was_minted() -> None:
    contracts = Contracts(DEPLOYMENT)
    words = [mint_word(address=ALICE.lower(), reward_id=1, units=units) for units in (100, 900)]
    logs = [fake_events.minted(TOKEN, ALICE, 100, TX), fake_events.skipped(TOKEN, 1, TX)]

    items = contracts.minted_items(logs, TX, contracts.issue(1, bytes(32), words))

    assert [item.units for item in items] == [100]
