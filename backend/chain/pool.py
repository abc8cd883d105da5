"""Several nodes behind the interface of one: fail-over, breaker, and no trust in a lagging one."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import structlog

from backend.chain.errors import (
    NodeRefusedError,
    NodeUnavailableError,
    WrongChainError,
)
from backend.chain.node import BlockHead, HTTPNode, Log, Mined, Node

R = TypeVar("R")

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
WRONG_CHAIN_PAUSE_S = 300.0
"""A node of another chain is a wrong setting or an attack; neither heals within seconds."""
LAG_BLOCKS = 2
"""A node further behind the best head than this is asked after the others."""
STALL_S = 60.0
"""A head that has not moved for so long is compared with the heads of the other nodes."""

log = structlog.get_logger()


class CheckedNode(Node, Protocol):
    """A node that can also say which chain it serves."""

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        """Make sure that the node serves this chain; raises WrongChainError when not."""


@dataclass
class Member:
    """One node of the pool and what we know of it.

    Attributes:
        name: Host and port; the rest of a URL may hold a key of the provider.
        is_checked: Its chain was checked since it last failed.
        failures: Failures in a row.
        closed_until_s: Not asked before, on the monotonic clock.
        height: Newest block number that it told.
    """

    name: str
    node: CheckedNode
    is_checked: bool = False
    failures: int = 0
    closed_until_s: float = 0.0
    height: int = 0


class NodePool:
    """The same methods as one node, answered by whichever is well.

    A node that does not answer rests for a doubling time. A refusal is an
    answer: the others are asked, but nobody is blamed. "Not mined" and "not
    known" count only when every node that answers says so, because a lagging
    one would make a mined batch look replaced.

    Args:
        urls: In order of preference, at least one.
        chain_id: Checked on each first contact and after each failure.
        genesis_hash: Checked with it.
        connect: Makes a node of a URL.
        monotonic: Seconds that never go back.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int,
        genesis_hash: str,
        connect: Callable[[str], CheckedNode] = HTTPNode,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.members = [Member(urlsplit(url).netloc, connect(url)) for url in urls]
        self._chain_id = chain_id
        self._genesis_hash = genesis_hash
        self._monotonic = monotonic
        self._best_height = 0
        self._best_at_s = monotonic()

    def check(self) -> None:
        """Make sure that one node answers and serves the chain.

        Raises:
            WrongChainError: All that answer serve another chain.
            NodeUnavailableError: Nobody answers.
        """
        self._ask(lambda node: node.head())

    def head(self) -> BlockHead:
        """Return the newest block, from a node that does not lag behind what was seen.

        When every node is lower than before, a reorganisation is the truth and
        the highest of them is returned.
        """
        best: BlockHead | None = None
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        is_stalled = self._monotonic() - self._best_at_s > STALL_S
        for member in self._candidates():
            try:
                head = self._try(member, lambda node: node.head())
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
                continue
            member.height = head.number
            if best is None or head.number > best.number:
                best = head
            if head.number >= self._best_height and not is_stalled:
                break
        if best is None:
            raise failure
        self._note_height(best.number)
        return best

    def block(self, number: int) -> BlockHead | None:
        """Return a block of the live branch, `None` when nobody has one of that number."""
        return self._ask_until_found(lambda node: node.block(number))

    def transaction_count(self, address: str) -> int:
        """Return the next nonce of an address, transactions in the pool included."""
        return self._ask(lambda node: node.transaction_count(address))

    def mined_count(self, address: str) -> int:
        """Return the next nonce of an address, mined transactions only."""
        return self._ask(lambda node: node.mined_count(address))

    def send(self, raw: str) -> str:
        """Give signed bytes to every node; "" when one took them, else the words of the first."""
        words: list[str] = []
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self._candidates():
            try:
                words.append(self._try(member, lambda node: node.send(raw)))
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
        if not words:
            raise failure
        return "" if "" in words else words[0]

    def mined(self, tx_hash: str) -> Mined | None:
        """Return where a transaction was mined, `None` when no node that answers knows."""
        return self._ask_until_found(lambda node: node.mined(tx_hash))

    def is_known(self, tx_hash: str) -> bool:
        """Tell whether pool or chain of any node that answers hold a transaction."""
        return bool(self._ask_until_found(lambda node: node.is_known(tx_hash) or None))

    def call(self, *, to_address: str, calldata: str, sender: str | None = None) -> bytes:
        """Run a call without a transaction; raises CallRevertedError when it reverts."""
        return self._ask(
            lambda node: node.call(to_address=to_address, calldata=calldata, sender=sender)
        )

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Return the gas that a call would use now; raises CallRevertedError."""
        return self._ask(
            lambda node: node.estimate_gas(to_address=to_address, calldata=calldata, sender=sender)
        )

    def calldata_of(self, tx_hash: str) -> tuple[str, str]:
        """Return (called address, calldata) of a transaction, both 0x-hex."""
        return self._ask(lambda node: node.calldata_of(tx_hash))

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Return the logs of our contracts in one block, from a node that has the block."""
        return self._ask(lambda node: node.logs(block_hash, addresses))

    def base_fee_wei(self) -> int:
        """Return the base fee of the newest block."""
        return self._ask(lambda node: node.base_fee_wei())

    def _ask(self, question: Callable[[CheckedNode], R]) -> R:
        """Return the first answer.

        Raises:
            NodeRefusedError: At least one node answered, and all that did refused.
            WrongChainError: Nobody answered but nodes of another chain.
            NodeUnavailableError: Nobody answered.
        """
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self._candidates():
            try:
                return self._try(member, question)
            except (NodeUnavailableError, WrongChainError) as error:
                if not isinstance(failure, NodeRefusedError):
                    failure = error
        raise failure

    def _ask_until_found(self, question: Callable[[CheckedNode], R | None]) -> R | None:
        """Return the first answer that is not `None`; `None` when somebody said so and none else.

        Raises:
            NodeUnavailableError: Nobody answered.
        """
        has_answer = False
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self._candidates():
            try:
                found = self._try(member, question)
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
                continue
            if found is not None:
                return found
            has_answer = True
        if not has_answer:
            raise failure
        return None

    def _candidates(self) -> Iterator[Member]:
        now_s = self._monotonic()
        open_ones = [member for member in self.members if member.closed_until_s <= now_s]
        floor = self._best_height - LAG_BLOCKS
        yield from sorted(open_ones, key=lambda member: member.height < floor)
        if not open_ones:
            # Somebody is always asked: with one node a breaker would only add waiting.
            yield min(self.members, key=lambda member: member.closed_until_s)

    def _try(self, member: Member, question: Callable[[CheckedNode], R]) -> R:
        try:
            if not member.is_checked:
                member.node.check(chain_id=self._chain_id, genesis_hash=self._genesis_hash)
                member.is_checked = True
            answer = question(member.node)
        except NodeRefusedError:
            member.failures = 0
            raise
        except WrongChainError:
            self._rest(member, WRONG_CHAIN_PAUSE_S, reason="wrong chain")
            raise
        except NodeUnavailableError as error:
            pause_s = min(FIRST_PAUSE_S * 2**member.failures, MAX_PAUSE_S)
            self._rest(member, pause_s, reason=error.message)
            raise
        if member.failures:
            log.info("node_recovered", node=member.name)
        member.failures = 0
        return answer

    def _rest(self, member: Member, pause_s: float, *, reason: str) -> None:
        member.failures += 1
        member.is_checked = False
        member.closed_until_s = self._monotonic() + pause_s
        log.warning("node_rests", node=member.name, pause_s=pause_s, reason=reason)

    def _note_height(self, height: int) -> None:
        if height < self._best_height:
            log.warning("chain_shrank", best=self._best_height, now=height)
        if height != self._best_height:
            self._best_height = height
            self._best_at_s = self._monotonic()
