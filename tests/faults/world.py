"""The jobs over doubles that can lie, and who noticed."""

from dataclasses import replace
from datetime import datetime

from backend.chain.pool import NodePool
from backend.chain.roster import Roster
from backend.db.engine import Database
from tests.support.builders import CHAIN_ID, GENESIS
from tests.support.clock import FrozenClock
from tests.support.fakes import FakeNode
from tests.support.lying_node import LyingNode
from tests.support.lying_wallet import LyingWallet
from tests.support.works import Works


class World(Works):
    """Works with a signer that may lie and, if asked for, three nodes one of which may.

    Attributes:
        liar: The first node of the pool; the other two tell the truth of the same chain.
        unnoticed: Lies that were told and that nobody noticed.
    """

    def __init__(self, database: Database, clock: FrozenClock, *, has_liar: bool) -> None:
        super().__init__(database, clock)
        self.unnoticed: list[str] = []
        self.wallet: LyingWallet = LyingWallet()
        self.liar = LyingNode(self.node)
        self.context = replace(self.context, wallet=self.wallet)
        if has_liar:
            nodes: dict[str, LyingNode | FakeNode] = {
                "http://liar": self.liar,
                "http://honest": self.node,
                "http://true": self.node,
            }
            self.pool = NodePool(
                Roster(
                    list(nodes),
                    chain_id=CHAIN_ID,
                    genesis_hash=GENESIS,
                    connect=nodes.__getitem__,
                    monotonic=_seconds_of(clock),
                )
            )
            self.context = replace(self.context, node=self.pool)

    def suspicions(self) -> int:
        """Return how often the pool said in log and metrics that something is odd."""
        return sum(m.rests + m.suspicions + m.contradictions for m in self.pool.members)


class _seconds_of:  # noqa: N801 - a function of a clock
    def __init__(self, clock: FrozenClock) -> None:
        self._clock = clock
        self._began: datetime = clock.now()

    def __call__(self) -> float:
        return (self._clock.now() - self._began).total_seconds()
