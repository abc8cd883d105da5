"""What goes wrong around a crash: each kind strikes the works and returns its own cure."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from backend.batches.rules import FEE_CAP_WEI
from tests.faults.points import POINTS, Point
from tests.faults.world import World
from tests.support import lying_node, lying_wallet
from tests.support.fakes import BASE_FEE_WEI, KEYS

Cure = Callable[[], None]
DEEPEST = 64
"""Blocks: the deepest reorganisation that the design promises to survive."""
SPIKE = 60
"""The base fee rises by this factor: past what stands, below what we would ever pay."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes:
        strike: Begins it; what it returns ends it a few moves later.
    """

    name: str
    strike: Callable[[World, Random], Cure]


def _no_cure() -> None:
    """Nothing to undo: it is over when it has struck."""


def _nothing(_works: World, _random: Random) -> Cure:
    return _no_cure


def _node_down(works: World, random: Random) -> Cure:
    methods = ("*", "send", "mined", "estimate_gas", "transaction_count", "logs", "head")
    works.node.down.add(random.choice(methods))
    return works.node.down.clear


def _node_flaps(works: World, random: Random) -> Cure:
    works.node.flaps = lambda: random.random() < 0.3

    def cure() -> None:
        works.node.flaps = lambda: False

    return cure


def _send_reply_lost(works: World, _random: Random) -> Cure:
    return _switch(works.node, "loses_replies")


def _send_refused_but_kept(works: World, random: Random) -> Cure:
    works.node.words = random.choice(
        ("insufficient funds", "replacement transaction underpriced", "nonce too low")
    )
    cure = _switch(works.node, "keeps_refused")

    def both() -> None:
        works.node.words = ""
        cure()

    return both


def _wallet_down(works: World, _random: Random) -> Cure:
    return _switch(works.wallet, "is_down")


def _wallet_answer_lost(works: World, _random: Random) -> Cure:
    return _switch(works.wallet, "loses_answers")


def _pool_forgets(works: World, _random: Random) -> Cure:
    works.node.empty_pool()
    return _no_cure


def _reorganise(works: World, depth: int, *, forget: bool) -> Cure:
    missing = depth - works.node.height
    if missing > 0:
        works.node.mine(missing)
    works.node.reorganise(depth, forget=forget)
    return _no_cure


def _reorg_returned(works: World, random: Random) -> Cure:
    return _reorganise(works, random.choice((1, 2, 3)), forget=False)


def _reorg_forgotten(works: World, random: Random) -> Cure:
    return _reorganise(works, random.choice((1, 2, 3)), forget=True)


def _reorg_past_final(works: World, random: Random) -> Cure:
    # Deep ones are rare because every block of them is read again.
    depth = random.choice((4, 6, 8, 12, 16)) if random.random() < 0.95 else DEEPEST
    return _reorganise(works, depth, forget=random.random() < 0.5)


def _fee_spike(works: World, _random: Random) -> Cure:
    return _price(works, BASE_FEE_WEI * SPIKE)


def _fees_above_ceiling(works: World, _random: Random) -> Cure:
    return _price(works, FEE_CAP_WEI * 2)


def _price(works: World, base_fee_wei: int) -> Cure:
    works.node.base_fee_wei_now = base_fee_wei

    def cure() -> None:
        works.node.base_fee_wei_now = BASE_FEE_WEI

    return cure


def _nonce_gap(works: World, random: Random) -> Cure:
    for label in ("minter", "relayer", "treasurer", "registrar"):
        works.node.phantoms[KEYS[label]] = random.randint(1, 3)
    return works.node.phantoms.clear


def _nonce_taken(works: World, random: Random) -> Cure:
    works.node.use_nonce(KEYS[random.choice(("minter", "relayer", "treasurer"))])
    return _no_cure


def _contract_paused(works: World, _random: Random) -> Cure:
    # A switch of the double and no state of a block: a replaced branch must not undo the cure.
    works.node.reverts.add("issue")
    return _refused(works, "EcoToken_MintPaused")


def _rate_limited(works: World, _random: Random) -> Cure:
    return _refused(works, "RewardIssuer_MinterBudgetExceeded")


def _refused(works: World, error: str) -> Cure:
    works.node.refuses["issue"] = error

    def cure() -> None:
        works.node.refuses.pop("issue", None)
        works.node.reverts.discard("issue")

    return cure


def _clock_jumps(works: World, random: Random) -> Cure:
    works.clock.advance(seconds=random.randint(60, 600))
    return _no_cure


def _switch(thing: object, name: str) -> Cure:
    setattr(thing, name, True)
    return lambda: setattr(thing, name, False)


def _signer_lies(works: World, random: Random) -> Cure:
    works.wallet.lie = random.choice(lying_wallet.LIES)

    def cure() -> None:
        works.wallet.lie = ""

    return cure


def _node_lies(lie: str) -> Callable[[World, Random], Cure]:
    def strike(works: World, _random: Random) -> Cure:
        told, seen = works.liar.told[lie], works.suspicions()
        works.liar.lie = lie
        # It was restarted, or another one took its address: its chain is checked again.
        works.pool.members[0].is_checked = False

        def cure() -> None:
            if works.liar.lie == lie:
                works.liar.lie = ""
            if works.liar.told[lie] > told and works.suspicions() == seen:
                works.unnoticed.append(lie)

        return cure

    return strike


OTHER_RUNNER = Kind("other_runner", _nothing)
"""The process does not die but stands still while another one does the same work."""

KINDS = (
    Kind("crash_alone", _nothing),
    OTHER_RUNNER,
    Kind("node_down", _node_down),
    Kind("node_flaps", _node_flaps),
    Kind("send_reply_lost", _send_reply_lost),
    Kind("send_refused_but_kept", _send_refused_but_kept),
    Kind("wallet_down", _wallet_down),
    Kind("wallet_answer_lost", _wallet_answer_lost),
    Kind("signer_lies", _signer_lies),
    Kind("pool_forgets", _pool_forgets),
    Kind("reorg_returned", _reorg_returned),
    Kind("reorg_forgotten", _reorg_forgotten),
    Kind("reorg_past_final", _reorg_past_final),
    Kind("fee_spike", _fee_spike),
    Kind("nonce_gap", _nonce_gap),
    Kind("nonce_taken", _nonce_taken),
    Kind("contract_paused", _contract_paused),
    Kind("rate_limited", _rate_limited),
    Kind("clock_jumps", _clock_jumps),
)


JAMS = (
    *(kind for kind in KINDS if kind.name in ("nonce_gap", "fee_spike", "pool_forgets")),
    Kind("fees_above_ceiling", _fees_above_ceiling),
)
"""What stops a queue without breaking anything: a gap, dear gas, an evicted transaction."""


def reorg_of(depth: int) -> Kind:
    """Return a reorganisation of exactly this depth that returns or forgets what it drops."""

    def strike(works: World, random: Random) -> Cure:
        return _reorganise(works, depth, forget=random.random() < 0.5)

    return Kind(f"reorg of {depth}", strike)


NODE_LIES = tuple(Kind(f"node: {lie}", _node_lies(lie)) for lie in lying_node.LIES)


def is_possible(point: Point, kind: Kind) -> bool:
    """Tell whether a pair can happen: inside a transaction SQLite keeps other writers out."""
    return not (kind is OTHER_RUNNER and point.is_inside_transaction)


PAIRS = tuple((point, kind) for point in POINTS for kind in KINDS if is_possible(point, kind))
