"""What the jobs rely on in a node holds for the doubles and for the client before a real anvil."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from backend.chain import deployment
from backend.chain.contracts import Contracts
from backend.chain.errors import NodeRefusedError, NodesDisagreeError, WrongChainError
from backend.chain.node import HTTPNode
from backend.chain.pool import NodePool
from backend.chain.roster import CheckedNode, Roster
from backend.demo.stack import anvil_path
from backend.rewards.rules import mint_word
from backend.rulebook import engine
from tests.faults.processes.chain import Anvil
from tests.support.builders import CHAIN_ID, EDITION_TEXT, INCARNATION
from tests.support.fakes import DEPLOYMENT, KEYS, PRIVATE_KEYS, FakeNode
from tests.support.lying_node import LyingNode
from tests.support.processes import ROOT

UNKNOWN = "0x" + "66" * 32
GWEI = 10**9
RECIPIENT = "0x" + "c1" * 20


@dataclass
class Rig:
    """A node and the hand that moves its chain.

    Attributes:
        chain: FakeNode or Anvil; both have `mine`, and what is called below.
    """

    node: CheckedNode
    chain: Any
    contracts: Contracts

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks; their transactions are forgotten."""
        if isinstance(self.chain, FakeNode):
            self.chain.reorganise(depth, forget=True)
        else:
            self.chain.reorganise(depth)

    def signed(self, key: str, **changes: Any) -> tuple[str, str]:
        """Sign a payment of nothing to oneself, or what the changes say; (raw, hash)."""
        account = Account.from_key(PRIVATE_KEYS[key])
        fields = {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": self.node.mined_count(account.address),
            "to": account.address,
            "data": "0x",
            "value": 0,
            "gas": 21_000,
            "maxFeePerGas": 10 * GWEI,
            "maxPriorityFeePerGas": GWEI,
        }
        found = account.sign_transaction(fields | changes)
        return found.raw_transaction.to_0x_hex(), found.hash.to_0x_hex()

    def send(self, key: str, **changes: Any) -> str:
        """Sign and send; returns the hash."""
        raw, tx_hash = self.signed(key, **changes)
        assert self.node.send(raw) == ""
        return tx_hash


@pytest.fixture(scope="module")
def anvil_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("anvil")
    chain = Anvil(anvil_path(), folder / "anvil.log")
    chain.start()
    try:
        contracts = _deploy(chain, folder)
        chain.is_mining = False
        for address in KEYS.values():
            chain.ask("anvil_setBalance", address, hex(10**20))
        rig = Rig(HTTPNode(chain.url), chain, contracts)
        token = contracts.address("EcoToken")
        rig.send("registrar", to=token, data=contracts.open_incarnation(), gas=200_000)
        chain.mine()
        yield rig
    finally:
        chain.stop()


def _deploy(chain: Anvil, folder: Path) -> Contracts:
    (folder / "accounts.json").write_text(json.dumps(KEYS))
    digest = engine.document_hash(engine.load(EDITION_TEXT))
    command = [
        *(str(ROOT / "scripts/chain/deploy.sh"), "--rpc", chain.url, "--out", str(folder)),
        *("--accounts", str(folder / "accounts.json"), "--edition-hash", "0x" + digest),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Contracts(deployment.load(folder / f"{CHAIN_ID}.json"))


@pytest.fixture(params=["double", "liar that tells the truth", "anvil"])
def rig(request: pytest.FixtureRequest) -> Rig:
    if request.param == "anvil":
        found: Rig = request.getfixturevalue("anvil_rig")
        found.chain.empty_pool()
        return found
    double = FakeNode()
    double.books.incarnation = INCARNATION
    double.mine(3)
    node = double if request.param == "double" else LyingNode(double)
    return Rig(node, double, Contracts(DEPLOYMENT))


def test_blocks_form_a_chain_that_ends_at_the_head(rig: Rig) -> None:
    rig.chain.mine(2)
    head = rig.node.head()
    below = rig.node.block(head.number - 1)

    assert below is not None
    assert head.parent_hash == below.hash
    assert rig.node.block(head.number) == head
    assert rig.node.block(head.number + 1) is None
    assert head.timestamp_s >= below.timestamp_s


def test_a_node_of_another_chain_says_so(rig: Rig) -> None:
    genesis = rig.node.block(0)
    assert genesis is not None

    rig.node.check(chain_id=CHAIN_ID, genesis_hash=genesis.hash)
    for chain_id, genesis_hash in ((CHAIN_ID, UNKNOWN), (CHAIN_ID + 1, genesis.hash)):
        with pytest.raises(WrongChainError):
            rig.node.check(chain_id=chain_id, genesis_hash=genesis_hash)


def test_what_waits_is_counted_apart_from_what_is_mined(rig: Rig) -> None:
    address = KEYS["relayer"]
    before, at = rig.node.mined_count(address), rig.node.head().hash
    tx_hash = rig.send("relayer")

    assert (rig.node.mined_count(address), rig.node.transaction_count(address)) == (
        before,
        before + 1,
    )
    assert rig.node.is_known(tx_hash)
    assert rig.node.mined(tx_hash) is None
    rig.chain.mine()
    assert rig.node.mined_count(address) == before + 1
    assert rig.node.mined_count(address, block_hash=at) == before


def test_a_mined_transaction_is_found_in_its_block(rig: Rig) -> None:
    tx_hash = rig.send("relayer")
    rig.chain.mine()
    head = rig.node.head()

    found = rig.node.mined(tx_hash)

    assert found is not None
    assert (found.tx_hash, found.block_number, found.block_hash, found.is_success) == (
        tx_hash,
        head.number,
        head.hash,
        True,
    )
    to, data = rig.node.calldata_of(tx_hash)
    assert (to.lower(), data) == (KEYS["relayer"].lower(), "0x")


def test_the_same_bytes_again_change_nothing(rig: Rig) -> None:
    raw, tx_hash = rig.signed("relayer")
    rig.node.send(raw)

    rig.node.send(raw)
    assert rig.node.is_known(tx_hash)
    rig.chain.mine()
    # Words differ from node to node; that there are some, and that it is known, does not.
    assert rig.node.send(raw) != ""
    assert rig.node.is_known(tx_hash)


def test_other_bytes_on_a_used_nonce_are_refused_and_unknown(rig: Rig) -> None:
    first, _ = rig.signed("relayer")
    rival, rival_hash = rig.signed("relayer", gas=30_000)
    rig.node.send(first)
    rig.chain.mine()

    assert rig.node.send(rival) != ""
    assert not rig.node.is_known(rival_hash)
    assert rig.node.mined(rival_hash) is None


def test_a_replacement_that_offers_no_more_is_refused(rig: Rig) -> None:
    first, first_hash = rig.signed("relayer")
    rival, rival_hash = rig.signed("relayer", gas=30_000)
    rig.node.send(first)

    assert rig.node.send(rival) != ""
    assert not rig.node.is_known(rival_hash)
    rig.chain.mine()
    assert rig.node.mined(first_hash) is not None


def test_a_dearer_replacement_takes_the_place_of_the_first(rig: Rig) -> None:
    _, first_hash = rig.signed("relayer")
    nonce = rig.node.mined_count(KEYS["relayer"])
    rig.send("relayer")
    dearer = {"maxFeePerGas": 12 * GWEI, "maxPriorityFeePerGas": 2 * GWEI}
    second_hash = rig.send("relayer", nonce=nonce, **dearer)
    rig.chain.mine()

    assert rig.node.mined(second_hash) is not None
    assert rig.node.mined(first_hash) is None


def test_a_forgotten_transaction_is_neither_known_nor_mined(rig: Rig) -> None:
    tx_hash = rig.send("relayer")
    rig.chain.empty_pool()

    assert not rig.node.is_known(tx_hash)
    assert rig.node.transaction_count(KEYS["relayer"]) == rig.node.mined_count(KEYS["relayer"])


def test_a_replaced_branch_takes_its_transactions_with_it(rig: Rig) -> None:
    before = rig.node.mined_count(KEYS["relayer"])
    tx_hash = rig.send("relayer")
    rig.chain.mine(2)
    dropped = rig.node.head()

    rig.reorganise(2)

    assert rig.node.mined(tx_hash) is None
    assert rig.node.mined_count(KEYS["relayer"]) == before
    live = rig.node.block(dropped.number)
    assert live is None or live.hash != dropped.hash
    for ask in (
        lambda: rig.node.mined_count(KEYS["relayer"], block_hash=dropped.hash),
        lambda: rig.node.logs(dropped.hash, [rig.contracts.address("EcoToken")]),
    ):
        with pytest.raises(NodeRefusedError):
            ask()


def test_a_question_about_a_block_that_nobody_has_is_refused(rig: Rig) -> None:
    token = rig.contracts.address("EcoToken")
    supply = rig.contracts.total_supply()
    for ask in (
        lambda: rig.node.call(to_address=token, calldata=supply, block_hash=UNKNOWN),
        lambda: rig.node.mined_count(KEYS["minter"], block_hash=UNKNOWN),
        lambda: rig.node.logs(UNKNOWN, [token]),
    ):
        with pytest.raises(NodeRefusedError):
            ask()


def test_an_id_is_minted_once_and_consumed_from_its_block_on(rig: Rig) -> None:
    token = rig.contracts.address("EcoToken")
    reward_id = INCARNATION << 32 | rig.node.head().number
    word = mint_word(address=RECIPIENT, reward_id=reward_id, units=200)
    calldata = rig.contracts.issue(1, bytes(32), [word])
    at = rig.node.head().hash

    def consumed(block_hash: str | None = None) -> bool:
        question = rig.contracts.is_consumed(reward_id)
        return any(rig.node.call(to_address=token, calldata=question, block_hash=block_hash))

    def issue() -> tuple[bool, int]:
        issuer = rig.contracts.address("RewardIssuer")
        tx_hash = rig.send("minter", to=issuer, data=calldata, gas=2_000_000)
        rig.chain.mine()
        found = rig.node.mined(tx_hash)
        assert found is not None
        logs = rig.node.logs(found.block_hash, [token])
        return found.is_success, sum(rig.contracts.mints(logs).values())

    assert not consumed()
    assert issue() == (True, 200)
    assert consumed()
    assert not consumed(at)
    assert issue() == (True, 0)


def test_a_pool_of_one_answers_as_its_node_does(rig: Rig) -> None:
    genesis = rig.node.block(0)
    assert genesis is not None
    for count in (1, 3):
        pool = NodePool(
            Roster(
                [f"http://node{n}" for n in range(count)],
                chain_id=CHAIN_ID,
                genesis_hash=genesis.hash,
                connect=lambda _url: rig.node,
            )
        )
        tx_hash = rig.send("relayer")
        assert pool.transaction_count(KEYS["relayer"]) == rig.node.transaction_count(
            KEYS["relayer"]
        )
        rig.chain.mine()
        assert pool.head() == rig.node.head()
        assert pool.mined(tx_hash) == rig.node.mined(tx_hash)
        assert pool.mined_count(KEYS["relayer"]) == rig.node.mined_count(KEYS["relayer"])
        assert pool.base_fee_wei() == rig.node.base_fee_wei()
        with pytest.raises((NodeRefusedError, NodesDisagreeError)):
            pool.mined_count(KEYS["relayer"], block_hash=UNKNOWN)
