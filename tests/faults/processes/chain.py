"""A real anvil: mining in a thread, everything that a chain can do to its users, plain reads.

The reads are JSON-RPC without the client under test, so that the judge does not believe what
the accused says.
"""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.chain.contracts import Contracts
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import wait_for

CHAIN_ID = 31337
BLOCK_S = 0.15
TIMEOUT_S = 20
_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256("Transfer(address,address,uint256)")."""
_NOBODY = "0x" + "00" * 32


class ChainError(Exception):
    """The node answered with an error."""


class Anvil:
    """A chain of its own with a block every BLOCK_S seconds while `is_mining`.

    Args:
        binary: The native anvil.
    """

    def __init__(self, binary: Path, log: Path) -> None:
        self.port = free_port()
        self.is_mining = True
        self.base_fee_wei: int | None = None
        self.blocks = 0
        self._stop = threading.Event()
        self._hold = threading.RLock()
        self._miner = threading.Thread(target=self._mine, daemon=True)
        command = [str(binary), "--port", str(self.port), "--chain-id", str(CHAIN_ID)]
        options = ["--hardfork", "osaka", "--no-mining", "--silent", "--accounts", "4"]
        self.process = ServerProcess([*command, *options], log=log)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start node and miner."""
        self.process.start()
        wait_for(lambda: self.ask("eth_chainId"), what="anvil answers")
        self._miner.start()

    def stop(self) -> None:
        """Stop both."""
        self._stop.set()
        self._miner.join(5)
        self.process.stop(timeout_s=5)

    def ask(self, method: str, *params: Any) -> Any:
        """Ask one question."""
        return self.ask_all([(method, params)])[0]

    def ask_all(self, questions: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Ask many questions in one request; raises ChainError when one is refused."""
        if not questions:
            return []
        body = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
            for number, (method, params) in enumerate(questions)
        ]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/", json.dumps(body), headers)
            answers = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        for answer in answers:
            if "error" in answer:
                raise ChainError(f"{questions[answer['id']]}: {answer['error']}")
        return [a["result"] for a in sorted(answers, key=lambda a: int(a["id"]))]

    # --- what happens to a chain --------------------------------------------------------------

    def _mine(self) -> None:
        while not self._stop.wait(BLOCK_S):
            with self._hold:
                if self.is_mining:
                    self.mine()

    def mine(self, blocks: int = 1) -> None:
        """Mine what waits into the next block, and empty ones after it."""
        with self._hold:
            for _ in range(blocks):
                if self.base_fee_wei is not None:
                    self.ask("anvil_setNextBlockBaseFeePerGas", hex(self.base_fee_wei))
                self.ask("evm_mine")
                self.blocks += 1

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by empty ones; their transactions are forgotten."""
        with self._hold:
            self.ask("anvil_reorg", depth, [])

    def roll_back(self, depth: int) -> None:
        """Take the newest blocks away and begin another branch there."""
        with self._hold:
            self.ask("anvil_rollback", depth)
            # A branch of its own: the same transactions would make the same blocks again.
            self.ask("evm_increaseTime", "0x1")
            self.mine()

    def empty_pool(self) -> None:
        """Forget every transaction that is not mined."""
        with self._hold:
            self.ask("anvil_dropAllTransactions")

    def use_nonce(self, address: str) -> None:
        """Mine a transaction of a key that the system did not ask for."""
        with self._hold:
            self.ask("anvil_dropAllTransactions")
            self.ask("anvil_impersonateAccount", address)
            transfer = {"from": address, "to": address, "value": "0x0"}
            self.ask("eth_sendTransaction", transfer)
            self.ask("anvil_stopImpersonatingAccount", address)
            self.mine()

    # --- plain reads --------------------------------------------------------------------------

    def height(self) -> int:
        """Return the number of the newest block."""
        return int(self.ask("eth_blockNumber"), 16)

    def nonce(self, address: str) -> int:
        """Return the next nonce, mined transactions only."""
        return int(self.ask("eth_getTransactionCount", address, "latest"), 16)

    def consumed(self, contracts: Contracts, reward_ids: Sequence[int]) -> set[int]:
        """Return which ids the token has consumed."""
        token = contracts.address("EcoToken")
        questions = [
            ("eth_call", [{"to": token, "data": contracts.is_consumed(reward_id)}, "latest"])
            for reward_id in reward_ids
        ]
        answers = self.ask_all(questions)
        return {i for i, answer in zip(reward_ids, answers, strict=True) if int(answer, 16)}

    def supply(self, contracts: Contracts) -> int:
        """Return all units that there are."""
        call = {"to": contracts.address("EcoToken"), "data": contracts.total_supply()}
        return int(self.ask("eth_call", call, "latest"), 16)

    def minted(self, contracts: Contracts) -> dict[str, int]:
        """Return address → units that the token's events say were minted to it."""
        wanted = {
            "address": contracts.address("EcoToken"),
            "fromBlock": "0x0",
            "toBlock": "latest",
            "topics": [_TRANSFER, _NOBODY],
        }
        found: dict[str, int] = {}
        for log in self.ask("eth_getLogs", wanted):
            address = "0x" + log["topics"][2][-40:]
            found[address] = found.get(address, 0) + int(log["data"], 16)
        return found

    def wait_for_blocks(self, count: int, *, timeout_s: float = 30.0) -> None:
        """Wait until so many more blocks were mined."""
        target, deadline = self.blocks + count, time.monotonic() + timeout_s
        while self.blocks < target:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {count} blocks in {timeout_s} s")
            time.sleep(BLOCK_S / 3)
