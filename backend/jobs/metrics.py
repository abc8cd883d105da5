"""Figures of the jobs runner, on a port of the loopback interface."""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.chain.pool import NodePool
from backend.http.metrics import MeasuresCollector
from backend.jobs.context import Context
from backend.jobs.instruments import RECONCILE_DIFFERENCES, REGISTRY
from backend.jobs.reconcile import Difference, differing, pages
from backend.workflows.measure import Measures, measure


class Reconciler:
    """Compares the books now and then, a page at each run, so that no other work waits long.

    What is between chain and ledger differs for a few seconds, so only what
    differs in two rounds in a row counts.
    """

    def __init__(self) -> None:
        self._last: frozenset[str] = frozenset()
        self._found: set[str] = set()
        self._round: Iterator[Sequence[Difference]] | None = None

    def run(self, context: Context) -> bool:
        """Compare one page; set the gauge after the last one.

        Returns:
            True while pages are left.
        """
        current, self._round = self._round or pages(context), None
        page = next(current, None)
        if page is not None:
            self._found |= {row.what for row in differing(page)}
            # Kept only now: a page that failed begins a new round.
            self._round = current
            return True
        RECONCILE_DIFFERENCES.set(len(self._found & self._last))
        self._last, self._found = frozenset(self._found), set()
        return False


class NodeCollector(Collector):
    """Tells how the nodes of the pool are."""

    def __init__(self, pool: NodePool) -> None:
        self._pool = pool

    def collect(self) -> Iterable[Metric]:
        """Yield height and failures of each node."""
        heights = GaugeMetricFamily(
            "calanque_node_height", "Newest block a node told.", labels=["node"]
        )
        failures = GaugeMetricFamily(
            "calanque_node_failures", "Failures in a row of a node.", labels=["node"]
        )
        contradictions = CounterMetricFamily(
            "calanque_node_contradictions",
            "Answers of a node that most others contradict.",
            labels=["node"],
        )
        for member in self._pool.members:
            contradictions.add_metric([member.name], member.contradictions)
            heights.add_metric([member.name], member.height)
            failures.add_metric([member.name], member.failures)
        yield from (heights, failures, contradictions)


def serve(context: Context, port: int) -> None:
    """Answer scrapes on 127.0.0.1:`port` from a thread of its own; 0 means not at all."""
    if port == 0:
        return

    def take() -> Measures:
        with context.database.reading() as session:
            return measure(session, now=context.clock.now())

    REGISTRY.register(MeasuresCollector(take))
    if isinstance(context.node, NodePool):
        REGISTRY.register(NodeCollector(context.node))
    start_http_server(port, addr="127.0.0.1", registry=REGISTRY)
