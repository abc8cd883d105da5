import urllib.request

import pytest

from backend.chain.pool import NodePool
from backend.jobs import metrics
from backend.jobs.instruments import RECONCILE_DIFFERENCES, REGISTRY, STEP_FAILURES
from backend.jobs.reconcile import Difference, Report
from tests.support.ports import free_port
from tests.support.works import Works


def _reports(monkeypatch: pytest.MonkeyPatch, *series: tuple[str, ...]) -> None:
    reports = iter(
        Report(checked=9, differences=tuple(Difference(what, 1, 2) for what in differing))
        for differing in series
    )
    monkeypatch.setattr(metrics, "reconcile", lambda _context: next(reports))


def test_only_a_difference_that_stays_is_shown(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    _reports(monkeypatch, ("supply", "balance of a"), ("supply",), ())
    reconciler = metrics.Reconciler()
    shown = []

    for _ in range(3):
        reconciler.run(works.context)
        shown.append(REGISTRY.get_sample_value("calanque_reconcile_differences"))

    assert shown == [0, 1, 0]


def test_the_runner_answers_scrapes_on_the_loopback_interface(works: Works) -> None:
    port = free_port()
    RECONCILE_DIFFERENCES.set(0)
    STEP_FAILURES.labels("send").inc()

    metrics.serve(works.context, port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()

    assert 'calanque_waiting{stage="verdict"} 0.0' in text
    assert 'calanque_step_failures_total{step="send"}' in text
    assert "calanque_reconcile_differences 0.0" in text


def test_each_node_is_shown_by_its_host_alone() -> None:
    pool = NodePool(["http://node.example:8545/secret-key"], chain_id=1, genesis_hash="0x0")
    pool.members[0].height = 7

    samples = [s for family in metrics.NodeCollector(pool).collect() for s in family.samples]

    assert {sample.labels["node"] for sample in samples} == {"node.example:8545"}
    heights_failures_contradictions = [sample.value for sample in samples]
    assert heights_failures_contradictions == [7, 0, 0]
