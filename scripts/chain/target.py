"""A running node as the scripts need it: artifacts, transactions sent in a row, receipts waited for together."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_utils import keccak, to_checksum_address
from web3 import Web3

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "build" / "contracts"
RECEIPT_TIMEOUT_S = 120
POLL_S = 0.1
CALL_GAS = 2_000_000
DEPLOY_GAS = 6_000_000
SHORT = 0x80
"""First byte of a short string in RLP (yellow paper, appendix B)."""

SignTransaction = Callable[[dict[str, Any]], bytes]


class TargetError(Exception):
    """The node refused or reverted something."""


def artifact(name: str) -> dict[str, Any]:
    """Return ABI and bytecode of a contract as Brownie compiled it."""
    loaded: dict[str, Any] = json.loads((ARTIFACTS / f"{name}.json").read_text())
    return loaded


def contract_at(web3: Web3, name: str, address: str) -> Any:
    """Return a web3 contract with the compiled ABI."""
    return web3.eth.contract(address=to_checksum_address(address), abi=artifact(name)["abi"])


@dataclass
class Sender:
    """Sends one account's transactions in a row without waiting, so that they share a block.

    Without a `sign` function the node itself holds the key (a development node's own accounts).
    """

    web3: Web3
    address: str
    sign: SignTransaction | None = None
    nonce: int = field(init=False)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nonce = self.web3.eth.get_transaction_count(to_checksum_address(self.address), "pending")

    def deploy(self, name: str, *arguments: Any) -> str:
        """Send a deployment and return the address that it will have."""
        compiled = artifact(name)
        factory = self.web3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        address = _created_address(self.address, self.nonce)
        self._send(name, {"data": factory.constructor(*arguments).data_in_transaction, "gas": DEPLOY_GAS})
        return address

    def call(self, function: Any, gas: int = CALL_GAS) -> None:
        """Send a call of a bound contract function."""
        self._send(function.fn_name, {"to": function.address, "data": function._encode_transaction_data(), "gas": gas})

    def pay(self, to: str, value_wei: int) -> None:
        """Send money."""
        self._send("payment", {"to": to_checksum_address(to), "value": value_wei, "gas": 21_000})

    def wait(self) -> int:
        """Wait until all that was sent is mined and return the number of the first block.

        Raises:
            TargetError: One was reverted, or none was mined in time.
        """
        blocks = []
        deadline = time.monotonic() + RECEIPT_TIMEOUT_S
        for label, tx_hash in self.sent:
            receipt = self._receipt(label, tx_hash, deadline)
            if receipt["status"] != 1:
                raise TargetError(f"{label} was reverted ({tx_hash.hex()})")
            blocks.append(receipt["blockNumber"])
        self.sent.clear()
        return min(blocks)

    def _receipt(self, label: str, tx_hash: bytes, deadline: float) -> Any:
        while time.monotonic() < deadline:
            found = self.web3.provider.make_request("eth_getTransactionReceipt", [Web3.to_hex(tx_hash)])  # type: ignore[arg-type]
            if found.get("result"):
                return {
                    "status": int(found["result"]["status"], 16),
                    "blockNumber": int(found["result"]["blockNumber"], 16),
                }
            time.sleep(POLL_S)
        raise TargetError(f"{label} was not mined within {RECEIPT_TIMEOUT_S} s")

    def _send(self, label: str, fields: dict[str, Any]) -> None:
        fee = self.web3.eth.gas_price * 2
        transaction = {
            "from": to_checksum_address(self.address),
            "nonce": self.nonce,
            "value": 0,
            "chainId": self.web3.eth.chain_id,
            "maxFeePerGas": fee,
            "maxPriorityFeePerGas": min(fee, 10**9),
            **fields,
        }
        if self.sign is None:
            tx_hash = self.web3.eth.send_transaction(transaction)  # type: ignore[arg-type]
        else:
            tx_hash = self.web3.eth.send_raw_transaction(self.sign(transaction))
        self.sent.append((label, bytes(tx_hash)))
        self.nonce += 1


def _created_address(sender: str, nonce: int) -> str:
    """Compute the address of a contract created by an account (yellow paper, section 7)."""
    address = bytes.fromhex(sender.removeprefix("0x"))
    number = b"" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    encoded_nonce = number if len(number) == 1 and number[0] < SHORT else bytes([SHORT + len(number)]) + number
    payload = bytes([SHORT + 20]) + address + encoded_nonce
    return to_checksum_address(keccak(bytes([0xC0 + len(payload)]) + payload)[12:])
