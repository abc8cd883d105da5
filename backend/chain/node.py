"""The node behind one small interface; library errors are translated here and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar

import requests
from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BlockNotFound,
    ContractCustomError,
    ContractLogicError,
    TransactionNotFound,
    Web3Exception,
    Web3RPCError,
)
from web3.types import TxParams

from backend.chain.errors import (
    CallRevertedError,
    NodeRefusedError,
    NodeUnavailableError,
    WrongChainError,
)

P = ParamSpec("P")
R = TypeVar("R")

TIMEOUT_S = 5
MAX_TX_GAS = 16_777_216
"""Largest gas limit of one transaction (EIP-7825); anvil does not enforce it, real nodes do."""


@dataclass(frozen=True)
class BlockHead:
    """A block as the indexer needs it."""

    number: int
    hash: str
    parent_hash: str
    timestamp_s: int


@dataclass(frozen=True)
class Log:
    """One event as the chain gives it."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    tx_hash: str
    log_index: int


@dataclass(frozen=True)
class Mined:
    """Where and how a transaction was mined."""

    tx_hash: str
    block_number: int
    block_hash: str
    is_success: bool
    gas_used: int
    logs: tuple[Log, ...]


class Node(Protocol):
    """What the jobs ask of a node; every method raises NodeUnavailableError when it is away."""

    def head(self) -> BlockHead:
        """Return the newest block."""

    def block(self, number: int) -> BlockHead | None:
        """Return a block of the live branch, `None` when there is none of that number."""

    def transaction_count(self, address: str) -> int:
        """Return the next nonce of an address, transactions in the pool included."""

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        """Return the next nonce of an address, mined transactions only, as of a block."""

    def send(self, raw: str) -> str:
        """Give signed bytes to the node; "" when it took them, else its words."""

    def mined(self, tx_hash: str) -> Mined | None:
        """Return where a transaction was mined, `None` when it is not."""

    def is_known(self, tx_hash: str) -> bool:
        """Tell whether pool or chain of the node hold a transaction."""

    def call(
        self,
        *,
        to_address: str,
        calldata: str,
        sender: str | None = None,
        block_hash: str | None = None,
    ) -> bytes:
        """Run a call without a transaction, on the state after a block, the newest by default.

        Raises CallRevertedError when it reverts, NodeRefusedError when the live branch of the
        node does not hold the block.
        """

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Return the gas that a call would use now; raises CallRevertedError."""

    def calldata_of(self, tx_hash: str) -> tuple[str, str]:
        """Return (called address, calldata) of a transaction, both 0x-hex."""

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Return the logs of our contracts in one block, asked by its hash."""

    def base_fee_wei(self) -> int:
        """Return the base fee of the newest block."""


class HTTPNode:
    """A node over HTTP JSON-RPC.

    Args:
        url: Address of the node.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        # Retries hide how a node fails; the jobs decide themselves what to try again.
        provider = HTTPProvider(
            url, request_kwargs={"timeout": TIMEOUT_S}, exception_retry_configuration=None
        )
        self._eth = Web3(provider).eth

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        """Make sure that the node serves the chain of the deployment.

        Raises:
            WrongChainError: Chain id or genesis block differ.
            NodeUnavailableError: It does not answer.
        """
        found_id = _guard(lambda: self._eth.chain_id)
        if found_id != chain_id:
            raise WrongChainError(expected=f"chain id {chain_id}", found=f"chain id {found_id}")
        genesis = self.block(0)
        if genesis is None or genesis.hash != genesis_hash:
            found = genesis.hash if genesis else "none"
            raise WrongChainError(expected=f"genesis {genesis_hash}", found=f"genesis {found}")

    def chain_id(self) -> int:
        """Return the EIP-155 chain id."""
        return _guard(lambda: self._eth.chain_id)

    def head(self) -> BlockHead:
        """Return the newest block."""
        return _head(_guard(self._eth.get_block, "latest"))

    def block(self, number: int) -> BlockHead | None:
        """Return a block of the live branch, `None` when there is none of that number."""
        try:
            return _head(_guard(self._eth.get_block, number))
        except BlockNotFound:
            return None

    def transaction_count(self, address: str) -> int:
        """Return the next nonce of an address, transactions in the pool included."""
        return _guard(self._eth.get_transaction_count, _checksum(address), "pending")

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        """Return the next nonce of an address, mined transactions only, as of a block."""
        at = _pinned(block_hash)
        return _guard(lambda: self._eth.get_transaction_count(_checksum(address), at))

    def send(self, raw: str) -> str:
        """Give signed bytes to the node.

        Returns:
            "" when the node took them, else its words. They differ from node to
            node and prove nothing: ask `is_known` with the hash.
        """
        try:
            _guard(self._eth.send_raw_transaction, HexBytes(raw))
        except NodeRefusedError as error:
            return error.words
        return ""

    def mined(self, tx_hash: str) -> Mined | None:
        """Return where a transaction was mined, `None` when no block of the live branch has it."""
        try:
            receipt = _guard(self._eth.get_transaction_receipt, HexStr(tx_hash))
        except TransactionNotFound:
            return None
        block_hash = HexBytes(receipt["blockHash"]).to_0x_hex()
        block = self.block(receipt["blockNumber"])
        if block is None or block.hash != block_hash:
            # Nodes keep receipts of dropped blocks for a while (go-ethereum #1746).
            return None
        return Mined(
            tx_hash=HexBytes(receipt["transactionHash"]).to_0x_hex(),
            block_number=receipt["blockNumber"],
            block_hash=block_hash,
            is_success=receipt["status"] == 1,
            gas_used=receipt["gasUsed"],
            logs=tuple(_log(entry) for entry in receipt["logs"]),
        )

    def is_known(self, tx_hash: str) -> bool:
        """Tell whether pool or chain of the node hold a transaction."""
        try:
            _guard(self._eth.get_transaction, HexStr(tx_hash))
        except TransactionNotFound:
            return False
        return True

    def calldata_of(self, tx_hash: str) -> tuple[str, str]:
        """Return (called address, calldata) of a transaction, both 0x-hex."""
        found = _guard(self._eth.get_transaction, HexStr(tx_hash))
        return str(found.get("to") or ""), HexBytes(found["input"]).to_0x_hex()

    def call(
        self,
        *,
        to_address: str,
        calldata: str,
        sender: str | None = None,
        block_hash: str | None = None,
    ) -> bytes:
        """Run a call without a transaction, on the state after a block, the newest by default.

        Raises:
            CallRevertedError: It reverts; `reason` is the raw revert data or text.
            NodeRefusedError: The live branch does not hold the block.
        """
        params: TxParams = {"to": _checksum(to_address), "data": HexStr(calldata)}
        if sender is not None:
            params["from"] = _checksum(sender)
        try:
            return bytes(_guard(lambda: self._eth.call(params, _pinned(block_hash))))
        except ContractCustomError as error:
            raise CallRevertedError(str(error.data)) from error
        except ContractLogicError as error:
            raise CallRevertedError(str(error.message)) from error

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Return the gas that a call would use now.

        Raises:
            CallRevertedError: It would revert.
        """
        params: TxParams = {
            "to": _checksum(to_address),
            "data": HexStr(calldata),
            "from": _checksum(sender),
        }
        try:
            return _guard(self._eth.estimate_gas, params)
        except ContractCustomError as error:
            raise CallRevertedError(str(error.data)) from error
        except ContractLogicError as error:
            raise CallRevertedError(str(error.message)) from error

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Return the logs of our contracts in one block, asked by its hash.

        By hash, because a node that lacks the block says so instead of
        answering with an empty list (go-ethereum #24078).
        """
        found = _guard(
            self._eth.get_logs,
            {"blockHash": HexBytes(block_hash), "address": [_checksum(a) for a in addresses]},
        )
        return tuple(_log(entry) for entry in found)

    def base_fee_wei(self) -> int:
        """Return the base fee of the newest block."""
        return int(_guard(self._eth.get_block, "latest").get("baseFeePerGas", 0))

    def balance_wei(self, address: str) -> int:
        """Return the gas money of an address."""
        return int(_guard(self._eth.get_balance, _checksum(address)))


def _guard(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return call(*args, **kwargs)
    except (BlockNotFound, TransactionNotFound, ContractLogicError):
        raise
    except Web3RPCError as error:
        raise NodeRefusedError(str(error)) from error
    except (requests.RequestException, Web3Exception, OSError, TimeoutError) as error:
        raise NodeUnavailableError(type(error).__name__) from error


def _pinned(block_hash: str | None) -> Any:
    """Return a block as a question names it (EIP-1898): by hash, and only on the live branch."""
    if block_hash is None:
        return "latest"
    return {"blockHash": block_hash, "requireCanonical": True}


def _checksum(address: str) -> ChecksumAddress:
    return Web3.to_checksum_address(address)


def _head(block: Any) -> BlockHead:
    return BlockHead(
        number=block["number"],
        hash=HexBytes(block["hash"]).to_0x_hex(),
        parent_hash=HexBytes(block["parentHash"]).to_0x_hex(),
        timestamp_s=block["timestamp"],
    )


def _log(entry: Any) -> Log:
    return Log(
        address=entry["address"],
        topics=tuple(bytes(topic) for topic in entry["topics"]),
        data=bytes(HexBytes(entry["data"])),
        tx_hash=HexBytes(entry["transactionHash"]).to_0x_hex(),
        log_index=entry["logIndex"],
    )
