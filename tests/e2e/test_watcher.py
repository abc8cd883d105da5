"""A thief with the minter's key on a real chain: the watcher has the guardian stop the mints."""

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from sqlmodel import col, select

from backend.batches.models import Batch
from backend.batches.rules import BatchKind, BatchState
from backend.books import queries as book_queries
from backend.chain import deployment
from backend.chain.contracts import Contracts
from backend.chain.errors import CallRevertedError
from backend.chain.node import HTTPNode
from backend.db.engine import Database
from backend.demo import stack
from backend.demo.console import Story
from backend.kernel.ids import pack_reward_id
from tests.support.ports import free_port
from tests.support.waiting import wait_for

THIEF = "0x" + "66" * 20
STOLEN_UNITS = 700
STOPPED_S = 60
"""A generous bound for a busy machine; the watcher compares each block as it comes."""


@pytest.fixture
def running() -> Iterator[stack.Stack]:
    """Node, wallets, contracts, web, jobs and kiosk, as `calanque demo` starts them."""
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as name:
        started = stack.start(
            Path(name) / "demo", web_port=free_port(), database_url=None, story=Story()
        )
        try:
            yield started
        finally:
            started.children.stop()


def ask_node(url: str, method: str, *params: object) -> Any:
    """Send one JSON-RPC request and return its whole answer."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    request = urllib.request.Request(
        url, data=body.encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def stolen_word(counter: int) -> bytes:
    reward_id = pack_reward_id(tranche=0, incarnation=1, counter=counter)
    return ((int(THIEF, 16) << 96) | (reward_id << 48) | STOLEN_UNITS).to_bytes(32, "big")


def test_the_watcher_has_the_guardian_stop_a_thief_with_the_real_minter_key(
    running: stack.Stack,
) -> None:
    settings = running.settings
    deployed = deployment.load(settings.deployment_file)
    contracts, node = Contracts(deployed), HTTPNode(settings.node_url)
    minter = json.loads(settings.deployment_file.read_text())["accounts"]["minter"]
    token = contracts.address("EcoToken")

    issuer = contracts.address("RewardIssuer")

    def theft(counter: int) -> str:
        return contracts.issue(1, keccak(b"stolen"), [stolen_word(counter)])

    def is_paused() -> bool:
        running.children.check()
        return any(node.call(to_address=token, calldata=contracts.mint_paused()))

    assert not is_paused()
    # The node signs as the minter would: what a thief with the key can do, without the key.
    ask_node(settings.node_url, "anvil_impersonateAccount", minter)
    transaction = {"from": minter, "to": issuer, "data": theft(4_000_000_000)}
    assert "result" in ask_node(settings.node_url, "eth_sendTransaction", transaction)
    wait_for(is_paused, what="the guardian paused the mints", timeout_s=STOPPED_S)

    with pytest.raises(CallRevertedError) as refused:
        node.call(to_address=issuer, calldata=theft(4_000_000_001), sender=minter)
    assert contracts.error_name(refused.value.reason) == "EcoToken_MintPaused"
    held = node.call(to_address=token, calldata=contracts.balance_of(THIEF))
    assert int.from_bytes(held, "big") == STOLEN_UNITS
    database = Database(settings.database_url)
    with database.reading() as session:
        (orphan,) = book_queries.unexplained_mints(session, deployed.genesis_hash)
        assert orphan.units == STOLEN_UNITS
    wait_for(
        lambda: _pause_state(database) == BatchState.CONFIRMED, what="our books know the pause"
    )
    database.dispose()


def _pause_state(database: Database) -> str | None:
    with database.reading() as session:
        statement = select(Batch.state).where(col(Batch.kind) == BatchKind.PAUSE_MINT)
        return session.exec(statement).one_or_none()
