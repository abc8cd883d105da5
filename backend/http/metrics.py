"""Figures as Prometheus reads them; no label ever names a person, a merchant or an address."""

from collections.abc import Callable, Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.workflows.measure import Measures


class MeasuresCollector(Collector):
    """Takes fresh measures at each scrape.

    Args:
        take: Reads the measures; what it raises makes the scrape fail, which is an alert too.
    """

    def __init__(self, take: Callable[[], Measures]) -> None:
        self._take = take

    def collect(self) -> Iterable[Metric]:
        """Yield one family per figure."""
        measures = self._take()
        waiting = GaugeMetricFamily(
            "calanque_waiting", "Pieces of work that wait before a stage.", labels=["stage"]
        )
        oldest = GaugeMetricFamily(
            "calanque_oldest_seconds", "Age of the oldest of them.", labels=["stage"]
        )
        for stage, queue in measures.queues.items():
            waiting.add_metric([stage], queue.count)
            oldest.add_metric([stage], queue.oldest_s)
        batches = GaugeMetricFamily(
            "calanque_batches", "Transactions to the chain by state.", labels=["state"]
        )
        for state, count in measures.batches_by_state.items():
            batches.add_metric([state], count)
        yield from (waiting, oldest, batches)
        for name, text, value in (
            ("missing_nonces", "Nonces skipped between those of one sender.", "missing_nonces"),
            ("orphan_mints", "Mints on chain that nobody has explained.", "orphan_mints"),
            ("orphan_movements", "Movements on chain that no row explains.", "orphan_movements"),
            ("mails_buried", "Effects given up after the last try.", "mails_buried"),
            ("quarantined_rewards", "Rewards that the chain refuses.", "quarantined"),
        ):
            yield GaugeMetricFamily(f"calanque_{name}", text, value=getattr(measures, value))
