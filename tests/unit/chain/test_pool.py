from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.chain.errors import (
    CallRevertedError,
    NodeRefusedError,
    NodeUnavailableError,
    WrongChainError,
)
from backend.chain.node import BlockHead, Mined
from backend.chain.pool import NodePool
from backend.chain.roster import MAX_PAUSE_S, STALL_S, WRONG_CHAIN_PAUSE_S, Roster

GENESIS = "0x" + "00" * 32
MINED = Mined("0xaa", 7, "0xbb", is_success=True, gas_used=1, logs=())


@dataclass
class ScriptedNode:
    """A node that answers what the test says and counts how often it was asked."""

    height: int = 100
    genesis: str = GENESIS
    error: Exception | None = None
    known: bool = False
    receipt: Mined | None = None
    words: str = ""
    asked: list[str] = field(default_factory=list)

    def _answer(self, method: str, value: Any) -> Any:
        self.asked.append(method)
        if self.error is not None:
            raise self.error
        return value

    def check(self, *, chain_id: int, genesis_hash: str) -> None:
        self._answer("check", None)
        if genesis_hash != self.genesis:
            raise WrongChainError(expected=genesis_hash, found=self.genesis)

    def head(self) -> BlockHead:
        found: BlockHead = self._answer("head", BlockHead(self.height, "0x1", "0x0", 1))
        return found

    def mined_count(self, address: str, *, block_hash: str | None = None) -> int:
        return int(self._answer("mined_count", self.height))

    def mined(self, tx_hash: str) -> Mined | None:
        found: Mined | None = self._answer("mined", self.receipt)
        return found

    def is_known(self, tx_hash: str) -> bool:
        return bool(self._answer("is_known", self.known))

    def send(self, raw: str) -> str:
        return str(self._answer("send", self.words))

    def call(self, **_question: str | None) -> bytes:
        return bytes(self._answer("call", b"ok"))


class Stopwatch:
    """Monotonic seconds that the test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def first() -> ScriptedNode:
    return ScriptedNode()


@pytest.fixture
def second() -> ScriptedNode:
    return ScriptedNode()


@pytest.fixture
def watch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def pool(first: ScriptedNode, second: ScriptedNode, watch: Stopwatch) -> NodePool:
    nodes: dict[str, Any] = {"http://one/secret": first, "http://two": second}
    return NodePool(
        Roster(
            list(nodes),
            chain_id=1,
            genesis_hash=GENESIS,
            connect=nodes.__getitem__,
            monotonic=watch,
        )
    )


def test_the_preferred_node_answers_alone_when_it_is_well(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    assert pool.head().number == 100

    assert first.asked == ["check", "head"]
    assert second.asked == []


def test_another_node_answers_when_the_preferred_one_is_away(
    pool: NodePool, first: ScriptedNode
) -> None:
    first.error = NodeUnavailableError("timeout")

    assert pool.mined_count("0x0") == 100


def test_a_failed_node_rests_and_its_chain_is_checked_again(
    pool: NodePool, first: ScriptedNode, watch: Stopwatch
) -> None:
    first.error = NodeUnavailableError("timeout")
    pool.mined_count("0x0")
    first.error = None
    first.asked.clear()

    pool.mined_count("0x0")
    assert first.asked == []

    watch.now_s += 1.0
    pool.mined_count("0x0")
    assert first.asked == ["check", "mined_count"]


def test_the_rest_doubles_and_ends_within_a_minute(
    pool: NodePool, first: ScriptedNode, watch: Stopwatch
) -> None:
    first.error = NodeUnavailableError("timeout")
    rests = []

    for _ in range(10):
        pool.mined_count("0x0")
        rests.append(pool.members[0].closed_until_s - watch.now_s)
        watch.now_s = pool.members[0].closed_until_s

    assert rests[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(rests) == MAX_PAUSE_S


def test_a_node_that_was_away_for_days_is_asked_again(pool: NodePool, first: ScriptedNode) -> None:
    first.error = NodeUnavailableError("timeout")
    pool.members[0].failures = 100_000

    assert pool.mined_count("0x0") == 100
    assert pool.members[0].failures == 100_001


def test_somebody_is_asked_even_when_all_of_them_rest(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.error = second.error = NodeUnavailableError("timeout")
    with pytest.raises(NodeUnavailableError):
        pool.head()
    first.error = second.error = None

    assert pool.head().number == 100


def test_a_node_of_another_chain_is_never_used(
    pool: NodePool, first: ScriptedNode, watch: Stopwatch
) -> None:
    first.genesis = "0x" + "11" * 32

    pool.mined_count("0x0")
    pool.send("0xraw")

    assert first.asked == ["check"]
    assert pool.members[0].closed_until_s == watch.now_s + WRONG_CHAIN_PAUSE_S


def test_it_says_so_when_all_nodes_serve_another_chain(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.genesis = second.genesis = "0x" + "11" * 32

    with pytest.raises(WrongChainError):
        pool.check()


def test_a_refusal_blames_nobody_and_another_node_is_asked(
    pool: NodePool, first: ScriptedNode
) -> None:
    first.error = NodeRefusedError("unknown block")

    assert pool.mined_count("0x0") == 100
    assert pool.members[0].failures == 0
    assert pool.members[0].closed_until_s == 0.0


def test_a_refusal_by_all_is_told_in_the_words_of_a_node(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.error = NodeRefusedError("nonce too low")
    second.error = NodeUnavailableError("timeout")

    with pytest.raises(NodeRefusedError, match="nonce too low"):
        pool.mined_count("0x0")


def test_a_revert_is_an_answer_and_nobody_else_is_asked(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.error = CallRevertedError("0xdead")
    pool.members[0].is_checked = True

    with pytest.raises(CallRevertedError):
        pool.call(to_address="0x0", calldata="0x")

    assert second.asked == []
    assert pool.members[0].failures == 0


def test_a_lagging_node_does_not_hide_a_mined_transaction(
    pool: NodePool, second: ScriptedNode
) -> None:
    second.receipt = MINED
    second.known = True

    assert pool.mined("0xaa") == MINED
    assert pool.is_known("0xaa")


def test_not_mined_needs_an_answer_of_somebody(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.error = NodeUnavailableError("timeout")
    assert pool.mined("0xaa") is None

    second.error = NodeUnavailableError("timeout")
    with pytest.raises(NodeUnavailableError):
        pool.mined("0xaa")


def test_bytes_go_to_every_node_and_one_that_takes_them_is_enough(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.words = "txpool is full"

    assert pool.send("0xraw") == ""
    assert "send" in first.asked
    assert "send" in second.asked


def test_bytes_that_nobody_takes_come_back_with_words(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    first.words, second.words = "txpool is full", "underpriced"

    assert pool.send("0xraw") == "txpool is full"


def test_a_node_that_goes_back_is_outvoted_by_one_that_does_not(
    pool: NodePool, first: ScriptedNode
) -> None:
    pool.head()
    first.height = 60

    assert pool.head().number == 100


def test_a_node_far_behind_is_asked_after_the_others(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    second.height = 120
    first.error = NodeUnavailableError("timeout")
    pool.head()
    first.error = None
    pool.members[0].closed_until_s = 0.0

    assert pool.mined_count("0x0") == 120


def test_when_all_nodes_go_back_a_reorganisation_is_the_truth(
    pool: NodePool, first: ScriptedNode, second: ScriptedNode
) -> None:
    pool.head()
    first.height, second.height = 60, 64

    assert pool.head().number == 64
    first.height = second.height = 70
    assert pool.head().number == 70


def test_a_head_that_stands_still_is_compared_with_the_others(
    pool: NodePool, second: ScriptedNode, watch: Stopwatch
) -> None:
    pool.head()
    second.height = 130
    watch.now_s += STALL_S + 1

    assert pool.head().number == 130


def test_a_url_with_a_secret_is_not_named(pool: NodePool) -> None:
    assert [member.name for member in pool.members] == ["one", "two"]
