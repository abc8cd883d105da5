"""A wallet service in this process: real store, real keys, a clock that stands still."""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.support.clock import FrozenClock
from wallet_service import keyring
from wallet_service.app import create_app
from wallet_service.calldata import encode, shape_of
from wallet_service.keystore import KekRing
from wallet_service.limits import Instance, Policy
from wallet_service.settings import WalletSettings, read_policy
from wallet_service.signing.protocol import Signer
from wallet_service.store import Store
from wallet_service.wallet import Wallet

CHAIN_ID = 31337
GENESIS = "0x" + "ab" * 32
OTHER_GENESIS = "0x" + "cd" * 32
CONTRACTS = {
    "EcoToken": "0x" + "01" * 20,
    "RewardIssuer": "0x" + "02" * 20,
    "RuleBook": "0x" + "03" * 20,
    "RedemptionDesk": "0x" + "04" * 20,
    "PointsAccessManager": "0x" + "05" * 20,
}
GWEI = 10**9
DAY_S = 86_400
ISSUE = "issue(uint32,bytes32,bytes32[])"


class InProcessWallet:
    """One instance and a client of its application.

    Args:
        folder: Where the store and the KEK file live.
        instance: Which keys it holds.
        policy: Replaces the packaged policy.
        signers: Replace service keys by label, for signers that lie.
        hsm: Signers of the keys that a token holds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        instance: Instance = Instance.ISSUANCE,
        policy: Policy | None = None,
        signers: Mapping[str, Signer] | None = None,
        hsm: Mapping[str, Signer] | None = None,
        clock: FrozenClock | None = None,
    ) -> None:
        self.kek_file = folder / "kek.json"
        self.settings = WalletSettings(
            instance=instance,
            socket=folder / "wallet.sock",
            store=folder / "wallet.db",
            kek_file=self.kek_file,
        )
        if not self.kek_file.exists():
            KekRing.fresh().write(self.kek_file)
        ring = KekRing.read(self.kek_file)
        self.store = Store(self.settings.store)
        self.clock = clock or FrozenClock()
        keyring.initialise(self.store, ring, instance)
        opened = keyring.open_signers(self.store, ring, instance, hsm or {})
        self.wallet = Wallet(
            policy=policy or read_policy(self.settings),
            store=self.store,
            clock=self.clock,
            vault=keyring.open_vault(self.store, ring, instance),
            signers={**opened, **(signers or {})},
        )
        self.client = TestClient(create_app(self.wallet), raise_server_exceptions=False)

    def pin(self, **changes: Any) -> Any:
        """Pin the test deployment; returns the response."""
        body = {"chain_id": CHAIN_ID, "genesis_hash": GENESIS, "contracts": CONTRACTS}
        return self.client.put("/v1/policy/deployment", json=body | changes)

    def sign(self, **changes: Any) -> Any:
        """Ask for one batch transaction; returns the response."""
        return self.client.post("/v1/transactions", json=transaction(**changes))

    def account(self, ref: str = "alice", **changes: Any) -> str:
        """Make an account and return its address."""
        body = {"request_id": new_id(), "account_ref": ref, "genesis_hash": GENESIS}
        response = self.client.post("/v1/accounts", json=body | changes)
        assert response.status_code == 200, response.text
        return str(response.json()["address"])

    def pay(self, address: str, **changes: Any) -> Any:
        """Ask for one payment authorisation; returns the response."""
        return self.client.post("/v1/authorizations", json=self.payment(address, **changes))

    def payment(self, address: str, **changes: Any) -> dict[str, Any]:
        """Build the body of a payment of 10 points, valid for 31 days."""
        body = {
            "request_id": new_id(),
            "address": address,
            "chain_id": CHAIN_ID,
            "genesis_hash": GENESIS,
            "units": 1_000,
            "merchant_id": 7,
            "payment_ref": "0x" + secrets.token_hex(32),
            "salt": "0x" + secrets.token_hex(32),
            "valid_after": 0,
            "valid_before": int(self.clock.now().timestamp()) + 31 * DAY_S,
        }
        return body | changes

    def close(self) -> None:
        """Close the client and the store."""
        self.client.close()
        self.store.dispose()


def new_id() -> str:
    """Make a request id."""
    return secrets.token_hex(8)


def reward_word(*, recipient: int = 0xC171, number: int = 1, units: int = 100) -> tuple[int]:
    """Pack address(160) ‖ id(48) ‖ units(48)."""
    return (recipient << 96 | (1 << 32 | number) << 48 | units,)


def issue_calldata(*words: tuple[int], edition: int = 1) -> str:
    """Write the calldata of RewardIssuer.issue."""
    rows = words or (reward_word(),)
    return "0x" + encode(shape_of(ISSUE), (((edition,),), ((5,),), rows)).hex()


def transaction(**changes: Any) -> dict[str, Any]:
    """Build the body of a batch transaction of one reward."""
    body = {
        "request_id": new_id(),
        "key": "minter",
        "chain_id": CHAIN_ID,
        "genesis_hash": GENESIS,
        "nonce": 0,
        "to": CONTRACTS["RewardIssuer"],
        "data": issue_calldata(),
        "gas": 1_000_000,
        "max_fee_per_gas_wei": 10 * GWEI,
        "max_priority_fee_per_gas_wei": GWEI,
    }
    return body | changes


def bumped(percent: int) -> dict[str, int]:
    """Fees of a replacement, in percent of the first ones."""
    return {
        "max_fee_per_gas_wei": 10 * GWEI * percent // 100,
        "max_priority_fee_per_gas_wei": GWEI * percent // 100,
    }


@pytest.fixture
def issuance(tmp_path: Path, clock: FrozenClock) -> Iterator[InProcessWallet]:
    """The issuance instance with the test deployment pinned."""
    running = InProcessWallet(tmp_path, clock=clock)
    running.pin()
    yield running
    running.close()


@pytest.fixture
def guardian(tmp_path: Path, clock: FrozenClock) -> Iterator[InProcessWallet]:
    """The guardian instance with the test deployment pinned."""
    running = InProcessWallet(tmp_path, instance=Instance.GUARDIAN, clock=clock)
    running.pin()
    yield running
    running.close()
