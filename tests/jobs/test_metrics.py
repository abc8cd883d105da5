import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from backend.chain.errors import NodeUnavailableError
from backend.chain.pool import NodePool
from backend.chain.roster import Roster
from backend.jobs import metrics
from backend.jobs.context import Context
from backend.jobs.instruments import RECONCILE_DIFFERENCES, REGISTRY, STEP_FAILURES
from backend.jobs.reconcile import PAGE, Difference
from tests.support import builders
from tests.support.ports import free_port
from tests.support.works import Works


def _rounds(monkeypatch: pytest.MonkeyPatch, *rounds: tuple[tuple[str, ...], ...]) -> None:
    """Let each round of comparisons find these differences, page by page."""
    series = iter(rounds)

    def pages(_context: Context) -> Iterator[list[Difference]]:
        for page in next(series):
            yield [Difference(what, 1, 2) for what in page] + [Difference("equal", 3, 3)]

    monkeypatch.setattr(metrics, "pages", pages)


def _run_round(reconciler: metrics.Reconciler, works: Works) -> float | None:
    while reconciler.run(works.context):
        pass
    return REGISTRY.get_sample_value("calanque_reconcile_differences")


def test_only_a_difference_that_stays_is_shown(
    works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rounds(monkeypatch, (("supply",), ("balance of a",)), ((), ("balance of a",)), ((),))
    reconciler = metrics.Reconciler()

    shown = [_run_round(reconciler, works) for _ in range(3)]

    assert shown == [0, 1, 0]


def test_a_comparison_asks_the_node_a_bounded_number_of_questions_at_a_time(works: Works) -> None:
    for _ in range(PAGE + 1):
        builders.make_citizen(works.database, works.clock)
    asked: list[str] = []
    call = works.node.call

    def counted(**options: Any) -> bytes:
        asked.append(options["calldata"])
        return call(**options)

    works.node.call = counted  # type: ignore[method-assign]  # counts
    reconciler, runs = metrics.Reconciler(), []
    while reconciler.run(works.context):
        runs.append(len(asked))
        asked.clear()

    assert max(runs) == PAGE
    assert sum(runs) > PAGE + 1


def test_a_comparison_that_fails_begins_again(works: Works) -> None:
    builders.make_citizen(works.database, works.clock)
    reconciler = metrics.Reconciler()
    reconciler.run(works.context)
    with works.node.without("call"), pytest.raises(NodeUnavailableError):
        reconciler.run(works.context)

    assert _run_round(reconciler, works) == 0


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
    pool = NodePool(Roster(["http://node.example:8545/secret-key"], chain_id=1, genesis_hash="0x0"))
    pool.members[0].height = 7

    samples = [s for family in metrics.NodeCollector(pool).collect() for s in family.samples]

    assert {sample.labels["node"] for sample in samples} == {"node.example:8545"}
    heights_failures_contradictions = [sample.value for sample in samples]
    assert heights_failures_contradictions == [7, 0, 0]
