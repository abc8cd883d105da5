"""A node that lies on request: the same chain behind it as behind the honest ones."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from backend.chain.errors import CallRevertedError, NodeUnavailableError, WrongChainError
from backend.chain.node import BlockHead, Log, Mined
from backend.chain.pool import HEAD_SLACK
from tests.support import fake_events
from tests.support.fake_refunds import selector
from tests.support.fakes import CONTRACTS, STRANGER, FakeNode

R = TypeVar("R")

LIES = (
    "receipt denied",
    "receipt invented",
    "receipt of another block",
    "status turned over",
    "height inflated",
    "height stale",
    "height shrinking",
    "other block hash",
    "logs withheld",
    "logs forged",
    "nonce inflated",
    "nonce forgotten",
    "answers turned over",
    "calls refused",
    "fees inflated",
    "other chain",
    "flapping",
)
FAR = 1_000


class LyingNode:
    """Hands questions to an honest node and turns some of the answers into a lie.

    Args:
        honest: Knows the truth.
        told: Counts the answers that were not the truth, by lie.
    Attributes:
        lie: One of LIES, "" for an honest node.
    """

    def __init__(self, honest: FakeNode) -> None:
        self._honest = honest
        self.lie = ""
        self.told: Counter[str] = Counter()
        self._asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._honest, name)

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        """Serve another chain than the one that is asked for."""
        if self.lie == "other chain":
            self.told[self.lie] += 1
            raise WrongChainError(expected=genesis_hash, found="0x" + "66" * 32)
        self._ask(lambda: self._honest.check(chain_id=chain_id, genesis_hash=genesis_hash))

    def head(self) -> BlockHead:
        """Tell a height that is far above, far below, or ever lower."""
        truth = self._ask(self._honest.head)
        self._asked += 1
        number = {
            "height inflated": truth.number + FAR,
            "height stale": max(truth.number - 50, 0),
            "height shrinking": max(truth.number - 9 - self._asked, 0),
        }.get(self.lie, truth.number)
        # A node that is a few blocks behind is slow and no liar.
        is_far = abs(number - truth.number) > HEAD_SLACK
        return self._say(truth, replace(truth, number=number)) if is_far else truth

    def block(self, number: int) -> BlockHead | None:
        """Tell another hash of a block."""
        truth = self._ask(lambda: self._honest.block(number))
        if truth is None or self.lie != "other block hash":
            return truth
        return self._say(truth, replace(truth, hash="0x" + "66" * 32))

    def mined(self, tx_hash: str) -> Mined | None:
        """Deny, invent, move or turn over a receipt, or leave its logs out."""
        truth = self._ask(lambda: self._honest.mined(tx_hash))
        if truth is None:
            if self.lie != "receipt invented":
                return None
            head = self._honest.head()
            forged = Mined(tx_hash, head.number, head.hash, True, 21_000, ())
            return self._say(None, forged)
        changed: dict[str, Callable[[], Mined | None]] = {
            "receipt denied": lambda: None,
            "receipt of another block": lambda: replace(truth, block_hash="0x" + "66" * 32),
            "status turned over": lambda: replace(truth, is_success=not truth.is_success),
            "logs withheld": lambda: replace(truth, logs=()),
        }
        change = changed.get(self.lie)
        return self._say(truth, change()) if change else truth

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Withhold the events of a block, or forge a mint to a stranger."""
        truth = self._ask(lambda: self._honest.logs(block_hash, addresses))
        if self.lie == "logs withheld":
            return self._say(truth, ())
        if self.lie == "logs forged" and CONTRACTS["EcoToken"] in addresses:
            return self._say(
                truth,
                (
                    *truth,
                    fake_events.minted(CONTRACTS["EcoToken"], STRANGER, FAR, "0x" + "66" * 32),
                ),
            )
        return truth

    def transaction_count(self, address: str) -> int:
        """Tell a nonce that would leave a hole."""
        truth = self._ask(lambda: self._honest.transaction_count(address))
        if self.lie == "nonce forgotten" and not self._honest.mined_count(address):
            # A pool that has not seen the first transaction of an address says so truly.
            return 0
        return self._nonce(truth)

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        """Tell that nonces are used which are not, or the other way round."""
        return self._nonce(
            self._ask(lambda: self._honest.mined_count(address, block_hash=block_hash))
        )

    def call(
        self,
        *,
        to_address: str,
        calldata: str,
        sender: str | None = None,
        block_hash: str | None = None,
    ) -> bytes:
        """Answer yes for no, or refuse what the contract takes."""
        if self.lie == "calls refused":
            self.told[self.lie] += 1
            raise CallRevertedError(selector("EcoToken_NotCitizen"))
        truth = self._ask(
            lambda: self._honest.call(
                to_address=to_address, calldata=calldata, sender=sender, block_hash=block_hash
            )
        )
        if self.lie != "answers turned over":
            return truth
        return self._say(truth, int(not any(truth)).to_bytes(32, "big") + bytes(32))

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Refuse what the contract takes."""
        if self.lie == "calls refused":
            self.told[self.lie] += 1
            raise CallRevertedError(selector("EcoToken_NotCitizen"))
        return self._ask(
            lambda: self._honest.estimate_gas(
                to_address=to_address, calldata=calldata, sender=sender
            )
        )

    def base_fee_wei(self) -> int:
        """Tell a fee that would empty the gas money."""
        truth = self._ask(self._honest.base_fee_wei)
        return self._say(truth, truth * FAR) if self.lie == "fees inflated" else truth

    def _ask(self, question: Callable[[], R]) -> R:
        self._asked += 1
        if self.lie == "flapping" and self._asked % 2:
            self.told[self.lie] += 1
            raise NodeUnavailableError("ConnectionError")
        return question()

    def _say(self, truth: R, lie: R) -> R:
        if lie != truth:
            self.told[self.lie] += 1
        return lie

    def _nonce(self, truth: int) -> int:
        if self.lie == "nonce inflated":
            return self._say(truth, truth + FAR)
        if self.lie == "nonce forgotten":
            return self._say(truth, 0)
        return truth
