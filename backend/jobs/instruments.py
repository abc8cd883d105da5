"""What the runner counts as it goes; `metrics` shows it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
SIGNER_SECONDS = Histogram(
    "calanque_signer_seconds",
    "Time the wallet service takes to answer.",
    ["path"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
STEP_FAILURES = Counter(
    "calanque_step_failures",
    "Runs of a step that ended with an error.",
    ["step"],
    registry=REGISTRY,
)
RECONCILE_DIFFERENCES = Gauge(
    "calanque_reconcile_differences",
    "Places where ledger and chain disagreed at two checks in a row.",
    registry=REGISTRY,
)
SIGNER_CONTRADICTIONS = Counter(
    "calanque_signer_contradictions",
    "Signatures whose bytes were not what was asked for; nothing of them is stored.",
    ["key"],
    registry=REGISTRY,
)
