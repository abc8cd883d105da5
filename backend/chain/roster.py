"""The nodes of a pool: who is asked, who rests and for how long, and what each one told last."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import structlog

from backend.chain.errors import (
    CallRevertedError,
    NodeRefusedError,
    NodeUnavailableError,
    WrongChainError,
)
from backend.chain.node import HTTPNode, Node

R = TypeVar("R")

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
DOUBLINGS_MAX = 16
WRONG_CHAIN_PAUSE_S = 300.0
"""A node of another chain is a wrong setting or an attack; neither heals within seconds."""
LAG_BLOCKS = 2
"""A node further behind the best head than this is asked after the others."""
CONTRADICTION_PAUSE_S = 300.0
"""A node that contradicts the others is left out so long; then it is heard again."""
SUSPICIONS_MAX = 5
STALL_S = 60.0
"""A head that has not moved for so long is compared with the heads of the other nodes."""

log = structlog.get_logger()


class CheckedNode(Node, Protocol):
    """A node that can also say which chain it serves."""

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        """Make sure that the node serves this chain; raises WrongChainError when not."""


@dataclass(eq=False)
class Member:
    """One node of the pool and what we know of it.

    Attributes:
        name: Host and port; the rest of a URL may hold a key of the provider.
        is_checked: Its chain was checked since it last failed.
        failures: Failures in a row.
        closed_until_s: Not asked before, on the monotonic clock.
        height: Newest block number that it told.
        contradictions: How often it said another thing than most.
        suspicions: How often it knew of something that nobody else knew.
        rests: How often it was left out for a while, for whatever reason.
    """

    name: str
    node: CheckedNode
    is_checked: bool = False
    failures: int = 0
    closed_until_s: float = 0.0
    height: int = 0
    contradictions: int = 0
    suspicions: int = 0
    rests: int = 0


class Roster:
    """Nodes in order of preference, each with a breaker of its own.

    A node that does not answer rests for a doubling time. A refusal is an answer: the others
    are asked, but nobody is blamed.

    Args:
        urls: At least one.
        chain_id: Checked on each first contact and after each failure.
        genesis_hash: Checked with it.
        connect: Makes a node of a URL.
        monotonic: Seconds that never go back.
    Attributes:
        best_height: Height of the newest block that was believed.
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
        self.best_height = 0
        self._chain_id = chain_id
        self._genesis_hash = genesis_hash
        self._monotonic = monotonic
        self._best_at_s = monotonic()

    def ask(self, question: Callable[[CheckedNode], R]) -> R:
        """Return the first answer.

        Raises:
            NodeRefusedError: At least one node answered, and all that did refused.
            WrongChainError: Nobody answered but nodes of another chain.
            NodeUnavailableError: Nobody answered.
        """
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self.candidates():
            try:
                return self.ask_member(member, question)
            except (NodeUnavailableError, WrongChainError) as error:
                if not isinstance(failure, NodeRefusedError):
                    failure = error
        raise failure

    def ask_until_found(self, question: Callable[[CheckedNode], R | None]) -> R | None:
        """Return the first answer that is not `None`; `None` when somebody said so and none else.

        Raises:
            NodeUnavailableError: Nobody answered.
        """
        has_answer = False
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self.candidates():
            try:
                found = self.ask_member(member, question)
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
                continue
            if found is not None:
                return found
            has_answer = True
        if not has_answer:
            raise failure
        return None

    def candidates(self) -> Iterator[Member]:
        """Yield the nodes that do not rest, those that lag last; somebody in any case."""
        now_s = self._monotonic()
        open_ones = [member for member in self.members if member.closed_until_s <= now_s]
        floor = self.best_height - LAG_BLOCKS
        yield from sorted(open_ones, key=lambda member: member.height < floor)
        if not open_ones:
            # Somebody is always asked: with one node a breaker would only add waiting.
            yield min(self.members, key=lambda member: member.closed_until_s)

    def ask_member(self, member: Member, question: Callable[[CheckedNode], R]) -> R:
        """Ask one node, and note how it went.

        Raises:
            NodeUnavailableError: It did not answer, or refused.
            WrongChainError: It serves another chain.
        """
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
            # Doubled often enough to reach any sensible maximum, never so often as to overflow.
            doublings = min(member.failures, DOUBLINGS_MAX)
            pause_s = min(FIRST_PAUSE_S * 2**doublings, MAX_PAUSE_S)
            self._rest(member, pause_s, reason=error.message)
            raise
        if member.failures:
            log.info("node_recovered", node=member.name)
        member.failures = 0
        return answer

    def _rest(self, member: Member, pause_s: float, *, reason: str) -> None:
        member.failures += 1
        member.rests += 1
        member.is_checked = False
        member.closed_until_s = self._monotonic() + pause_s
        log.warning("node_rests", node=member.name, pause_s=pause_s, reason=reason)

    def note_height(self, height: int) -> None:
        """Note the height of the newest block that is believed."""
        if height < self.best_height:
            log.warning("chain_shrank", best=self.best_height, now=height)
        if height != self.best_height:
            self.best_height = height
            self._best_at_s = self._monotonic()

    def ask_all(self, question: Callable[[CheckedNode], R], *, needed: int) -> dict[Member, R]:
        """Ask every node that is not resting.

        Raises:
            NodeUnavailableError: Fewer than `needed` answered.
        """
        answers: dict[Member, R] = {}
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        reverted: CallRevertedError | None = None
        for member in self.candidates():
            try:
                answers[member] = self.ask_member(member, question)
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
            except CallRevertedError as error:
                reverted = error
        if len(answers) < needed:
            raise reverted or failure
        return answers

    def accuse(self, member: Member, what: str) -> None:
        """Leave a node out for a while that contradicts the others."""
        member.contradictions += 1
        log.error("node_contradicts", node=member.name, what=what)
        self._rest(member, CONTRADICTION_PAUSE_S, reason="contradicts the others")

    def suspect(self, member: Member) -> None:
        """Note a node that knows of something before the others do: early once, a liar often."""
        member.suspicions += 1
        log.warning("node_alone", node=member.name, count=member.suspicions)
        if member.suspicions % SUSPICIONS_MAX == 0:
            self.accuse(member, "it keeps telling what nobody else knows")

    def is_stalled(self) -> bool:
        """Tell whether the newest block has been the same for too long."""
        return self._monotonic() - self._best_at_s > STALL_S
