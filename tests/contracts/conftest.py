"""Fixtures: one deployment of the local manifest for the session, taken back after every test."""

from collections.abc import Iterator

import brownie
import pytest
from chain.scene import Scene, citizen, deploy_scene, make_id, word
from eth_account import Account
from web3 import HTTPProvider, Web3

ISSUER_LIMITS = {
    "item_units": 10_000,
    "batch_items": 300,
    "batch_units": 100_000,
    "window_seconds": 86_400,
    "minter_capacity_units": 150_000,
    "global_capacity_units": 200_000,
}


@pytest.fixture(scope="session")
def deployed() -> Scene:
    """Limits small enough that a test can reach each of them.

    A client of its own on Brownie's chain: Brownie's middleware hides the errors of contracts.
    """
    node = Web3(HTTPProvider(brownie.web3.provider.endpoint_uri))
    return deploy_scene(node, daily_ceiling_units=180_000, payout_capacity_units=20_000, issuer_limits=ISSUER_LIMITS)


@pytest.fixture
def scene(deployed: Scene) -> Iterator[Scene]:
    """The deployment, as it was after every test."""
    snapshot = deployed.web3.provider.make_request("evm_snapshot", [])["result"]
    yield deployed
    deployed.web3.provider.make_request("evm_revert", [snapshot])


@pytest.fixture
def alice() -> str:
    return citizen(1)


@pytest.fixture
def bob() -> str:
    return citizen(2)


@pytest.fixture
def payer(scene: Scene) -> object:
    """A citizen with a key of its own and 5,000 units."""
    key = Account.from_key(b"\x11" * 32)
    scene.issue([word(key.address, make_id(900), 5_000)])
    return key


@pytest.fixture
def merchant(scene: Scene) -> int:
    """A merchant that may be paid 4,000 units a day."""
    scene.send("registrar", scene.at("RedemptionDesk").functions.registerMerchant(7, 4_000))
    return 7
