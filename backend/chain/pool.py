"""Several nodes behind the interface of one: what they agree on, and no trust in a lagging one."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

from backend.chain import quorum
from backend.chain.errors import (
    CallRevertedError,
    NodesDisagreeError,
    NodeUnavailableError,
    WrongChainError,
)
from backend.chain.node import BlockHead, Log, Mined
from backend.chain.roster import LAG_BLOCKS, CheckedNode, Member, Roster

R = TypeVar("R")
F = TypeVar("F", bound=Hashable)

HEAD_SLACK = 8
"""Honest heads differ by what a slow node is behind, not by more than this."""
NONCE_SLACK = 64
"""Honest pools differ by what was sent within the last seconds."""


class NodePool:
    """The same methods as one node, answered by whichever is well.

    With three nodes or more, all are asked what a decision hangs on and a majority decides
    (`quorum`); one that contradicts it is named in the log, counted and left out for a
    while. What follows holds for one or two.

    "Not mined" and "not known" count only when every node that answers says so, because a
    lagging one would make a mined batch look replaced. Who rests and for how long: `roster`.

    Args:
        roster: The nodes, in order of preference.
    """

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._quorum = quorum.needed(len(roster.members))

    @property
    def members(self) -> Sequence[Member]:
        """The nodes and what is known of each."""
        return self._roster.members

    def check(self) -> None:
        """Make sure that one node answers and serves the chain.

        Raises:
            WrongChainError: All that answer serve another chain.
            NodeUnavailableError: Nobody answers.
        """
        self._roster.ask(lambda node: node.head())

    def head(self) -> BlockHead:
        """Return the newest block, from a node that does not lag behind what was seen.

        When every node is lower than before, a reorganisation is the truth and
        the highest of them is returned. With three nodes or more it is the newest
        block that a majority has reached.
        """
        if self._quorum > 1:
            return self._agreed_head()
        best: BlockHead | None = None
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        is_stalled = self._roster.is_stalled()
        for member in self._roster.candidates():
            try:
                head = self._roster.ask_member(member, lambda node: node.head())
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
                continue
            member.height = head.number
            if best is None or head.number > best.number:
                best = head
            if head.number >= self._roster.best_height and not is_stalled:
                break
        if best is None:
            raise failure
        self._roster.note_height(best.number)
        return best

    def block(self, number: int) -> BlockHead | None:
        """Return a block of the live branch, `None` when nobody has one of that number."""
        return self._fact(lambda node: node.block(number), since=number)

    def transaction_count(self, address: str) -> int:
        """Return the next nonce of an address, transactions in the pool included."""
        if self._quorum == 1:
            return self._roster.ask(lambda node: node.transaction_count(address))
        head = self._agreed_head()
        mined = self.mined_count(address, block_hash=head.hash)
        answers = self._roster.ask_all(
            lambda node: node.transaction_count(address), needed=self._quorum
        )
        for member, number in answers.items():
            # Pools differ, but nobody who has the block may count less than it holds.
            if number < mined and self._holds(member, head.number, head.hash):
                self._roster.accuse(member, f"it says {number}, a block that it has holds {mined}")
        return max(mined, self._agree(answers, slack=NONCE_SLACK))

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        """Return the next nonce of an address, mined transactions only, as of a block.

        With three nodes or more they are asked about one block, so honest ones cannot differ.
        """
        if self._quorum > 1 and block_hash is None:
            block_hash = self._agreed_head().hash
        return self._outcome(lambda node: node.mined_count(address, block_hash=block_hash))

    def send(self, raw: str) -> str:
        """Give signed bytes to every node; "" when one took them, else the words of the first."""
        words: list[str] = []
        failure: NodeUnavailableError | WrongChainError = NodeUnavailableError("no node")
        for member in self._roster.candidates():
            try:
                words.append(self._roster.ask_member(member, lambda node: node.send(raw)))
            except (NodeUnavailableError, WrongChainError) as error:
                failure = error
        if not words:
            raise failure
        return "" if "" in words else words[0]

    def mined(self, tx_hash: str) -> Mined | None:
        """Return where a transaction was mined, `None` when no node that answers knows."""
        return self._fact(lambda node: node.mined(tx_hash))

    def is_known(self, tx_hash: str) -> bool:
        """Tell whether pool or chain of any node that answers hold a transaction."""
        return bool(self._roster.ask_until_found(lambda node: node.is_known(tx_hash) or None))

    def call(
        self,
        *,
        to_address: str,
        calldata: str,
        sender: str | None = None,
        block_hash: str | None = None,
    ) -> bytes:
        """Run a call without a transaction, on the state after a block, the newest by default."""
        return self._outcome(
            lambda node: node.call(
                to_address=to_address, calldata=calldata, sender=sender, block_hash=block_hash
            )
        )

    def estimate_gas(self, *, to_address: str, calldata: str, sender: str) -> int:
        """Return the gas that a call would use now; raises CallRevertedError."""

        def estimate(node: CheckedNode) -> int:
            return node.estimate_gas(to_address=to_address, calldata=calldata, sender=sender)

        # Whether it reverts is a fact; what it costs may differ by a block.
        self._outcome(lambda node: estimate(node) > 0)
        return self._number(estimate, slack=None)

    def calldata_of(self, tx_hash: str) -> tuple[str, str]:
        """Return (called address, calldata) of a transaction, both 0x-hex."""
        return self._outcome(lambda node: node.calldata_of(tx_hash))

    def logs(self, block_hash: str, addresses: Sequence[str]) -> tuple[Log, ...]:
        """Return the logs of our contracts in one block, from a node that has the block."""
        return self._outcome(lambda node: node.logs(block_hash, addresses))

    def base_fee_wei(self) -> int:
        """Return the base fee of the newest block."""
        return self._number(lambda node: node.base_fee_wei(), slack=None)

    # --- three nodes or more ----------------------------------------------------------------

    def _agreed_head(self) -> BlockHead:
        heads = self._all(lambda node: node.head())
        for member, head in heads.items():
            member.height = head.number
        agreed = quorum.reached([head.number for head in heads.values()], quorum=self._quorum)
        for member, head in heads.items():
            if abs(head.number - agreed) > HEAD_SLACK:
                self._roster.accuse(member, f"its head is {head.number}, that of most is {agreed}")
        # A majority has reached this height, so a majority can say which block lies there.
        block = self._fact(lambda node: node.block(agreed), since=agreed)
        if block is None:
            raise NodesDisagreeError
        self._roster.note_height(block.number)
        return block

    def _fact(
        self, question: Callable[[CheckedNode], F | None], *, since: int | None = None
    ) -> F | None:
        """Return what a majority knows, `None` when it knows of nothing.

        Args:
            since: Block from which on every node must know; `None`: see the answer.
        Raises:
            NodesDisagreeError: No majority says the same.
        """
        if self._quorum == 1:
            return self._roster.ask_until_found(question)
        answers = self._all(question)
        named = {member.name: member for member in answers}
        vote = quorum.count({m.name: v for m, v in answers.items()}, quorum=self._quorum)
        for name in vote.against:
            self._roster.accuse(named[name], "it says another thing than most")
        if not vote.is_agreed:
            raise NodesDisagreeError
        for member, value in answers.items():
            if vote.value is not None and value is None:
                if self._hides(member, question, vote.value, since):
                    self._roster.accuse(member, "it denies what most know")
            elif vote.value is None and value is not None:
                self._roster.suspect(member)
        return vote.value

    def _hides(
        self,
        member: Member,
        question: Callable[[CheckedNode], F | None],
        truth: F,
        since: int | None,
    ) -> bool:
        """Tell whether a node that knows of nothing should know; a late one truly may not."""
        if isinstance(truth, Mined):
            # Whoever has the block has the receipt. Asked again: it may have come meanwhile.
            if not self._holds(member, truth.block_number, truth.block_hash):
                return False
            try:
                return self._roster.ask_member(member, question) is None
            except (NodeUnavailableError, WrongChainError):
                return False
        return since is not None and member.height >= since + LAG_BLOCKS

    def _holds(self, member: Member, number: int, block_hash: str) -> bool:
        """Tell whether a node says that this block is on its live branch."""
        try:
            block = self._roster.ask_member(member, lambda node: node.block(number))
        except (NodeUnavailableError, WrongChainError):
            return False
        return block is not None and block.hash == block_hash

    def _outcome(self, question: Callable[[CheckedNode], F]) -> F:
        """Return the answer of a majority, or raise the revert that a majority reports."""
        if self._quorum == 1:
            return self._roster.ask(question)

        def tried(node: CheckedNode) -> tuple[F | None, str]:
            try:
                return question(node), ""
            except CallRevertedError as error:
                return None, error.reason

        found = self._fact(tried)
        if found is None:
            raise NodesDisagreeError
        answer, reason = found
        if reason:
            raise CallRevertedError(reason)
        return answer  # type: ignore[return-value]  # `None` only beside a reason

    def _number(self, question: Callable[[CheckedNode], int], *, slack: int | None) -> int:
        """Return the number that a majority reaches.

        Args:
            slack: Honest nodes differ by so much; `None`: by up to a factor of four.
        """
        if self._quorum == 1:
            return self._roster.ask(question)
        return self._agree(self._all(question), slack=slack)

    def _agree(self, answers: Mapping[Member, int], *, slack: int | None) -> int:
        agreed = quorum.reached(list(answers.values()), quorum=self._quorum)
        for member, number in answers.items():
            low, high = sorted((number, agreed))
            if high - low > slack if slack is not None else high > 4 * low:
                self._roster.accuse(member, f"it says {number}, most say {agreed}")
        return agreed

    def _all(self, question: Callable[[CheckedNode], R]) -> dict[Member, R]:
        return self._roster.ask_all(question, needed=self._quorum)
