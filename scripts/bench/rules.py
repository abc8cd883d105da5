"""Measures the rule engine: one evaluation with its explanation, and simulations.

`python -m scripts.bench.rules [--acts 10000000]`. Trips are those of one real campaign (4 caps)
repeated with fresh identities, as the registry's own figure was made. Each line gives the median
and the spread of all rounds; every simulation is checked against the plain engine before it is
timed. Seconds are CPU seconds of this process, so that a busy machine does not blur them much;
beside each rate stands the cost of one act in turns of a plain Python loop timed in the same run,
which compares between machines.
"""

import argparse
import platform
import resource
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time, process_time_ns
from typing import Any

import numpy as np

from backend.rulebook.act import Act
from backend.rulebook.adapters.carpool import import_campaign, read_json
from backend.rulebook.adapters.carpool_cases import acts_of, bind
from backend.rulebook.engine import Rulebook, evaluate, explain
from backend.rulebook.simulation.columnar import simulate
from backend.rulebook.simulation.plain import simulate_plain
from backend.rulebook.simulation.table import ActTable, Coded, Ints, table_of

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "unit" / "rulebook" / "data"
CAMPAIGN = "20240201_GrandChatellerault"
REFS = ("person_ref", "driver_ref", "passenger_ref", "operator_trip_ref")
ROUNDS = 5
PLAIN_ACTS = 20_000
TURNS = 2_000_000


class Numbered(Sequence[str]):
    """Names of repeated trips, made when asked: `d1#7` is d1 of the seventh copy."""

    def __init__(self, names: Sequence[str], copies: int) -> None:
        self._names = names
        self._copies = copies

    def __len__(self) -> int:
        return len(self._names) * self._copies

    def __getitem__(self, code: Any) -> Any:  # noqa: ANN401 - one code only, the protocol allows slices
        copy, name = divmod(code, len(self._names))
        return f"{self._names[name]}#{copy}"


def repeated(table: ActTable, copies: int) -> ActTable:
    """Repeat a table with fresh identities in every copy, in columns as small as they can be."""
    copy = np.repeat(np.arange(copies, dtype=np.int32), len(table))
    coded = {}
    for name, column in table.coded.items():
        if name in REFS:
            codes = np.tile(column.codes, copies) + copy * np.int32(len(column.values))
            coded[name] = Coded(codes, Numbered(column.values, copies))
        else:
            coded[name] = Coded(np.tile(column.codes.astype(np.int8), copies), column.values)
    missing = np.iinfo(np.int64).min
    small = np.iinfo(np.int32).min
    numbers: dict[str, Ints] = {
        name: np.tile(np.where(column == missing, small, column).astype(np.int32), copies)
        for name, column in table.numbers.items()
    }
    return ActTable(np.tile(table.occurred_us, copies), numbers, coded)


def trips() -> tuple[Rulebook, Rulebook, list[Act]]:
    """Return the campaign with an ample and with a binding budget, and its 200 random trips."""
    edition = import_campaign((DATA / "campaigns" / f"{CAMPAIGN}.json").read_bytes())
    cases = read_json((DATA / "random" / f"{CAMPAIGN}.json").read_bytes())
    policy = cases["cases"][0]["policy"]
    ample = Rulebook(bind(edition, policy | {"budget_cents": 10**13}))
    binding = Rulebook(bind(edition, policy | {"budget_cents": 10**7}))
    return ample, binding, [act for case in cases["cases"] for act in acts_of(cases, case)]


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the CPU seconds of each round, after one that warms up."""
    work()
    found = []
    for _ in range(rounds):
        start = process_time()
        work()
        found.append(process_time() - start)
    return found


def turn_seconds() -> float:
    """Return the CPU seconds of one turn of a loop that adds two whole numbers."""

    def loop() -> int:
        total = 0
        for number in range(TURNS):
            total += number
        return total

    return statistics.median(timed(loop)) / TURNS


def show(name: str, per_round: list[float], acts: int, turn: float) -> None:
    """Print acts per CPU second: median, slowest and fastest round, and loop turns per act."""
    rates = sorted(acts / seconds for seconds in per_round)
    turns = statistics.median(per_round) / acts / turn
    print(
        f"{name:<52} {statistics.median(rates):>12,.0f} acts/s"
        f"   ({rates[0]:,.0f} to {rates[-1]:,.0f}, {len(rates)} rounds; {turns:,.0f} turns an act)"
    )


def one_evaluation(rulebook: Rulebook, acts: list[Act]) -> None:
    """Time single evaluations with lines and their French sentences."""
    for name, with_words in (
        ("evaluation with explanation lines", False),
        ("... and sentences", True),
    ):
        found = []
        counters: dict[str, int] = {}
        for act in acts * 20:
            start = process_time_ns()
            result = evaluate(act, rulebook, counters)
            if with_words:
                explain(result.lines, "fr")
            found.append((process_time_ns() - start) / 1000)
            for key, delta in result.moves:
                counters[key] = counters.get(key, 0) + delta
        parts = statistics.quantiles(found, n=100)
        print(
            f"{name:<52} {statistics.median(found):>12.1f} µs median"
            f"   (p5 {parts[4]:.1f}, p95 {parts[94]:.1f}, p99 {parts[98]:.1f}, {len(found)} acts)"
        )


def main() -> None:
    """Run every measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acts", type=int, default=1_000_000, help="acts of the largest run")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    ample, binding, acts = trips()
    table = table_of(acts)
    print(f"{CAMPAIGN}, 4 caps; {platform.processor() or platform.machine()}, Python "
          f"{platform.python_version()}, one process")  # fmt: skip
    one_evaluation(ample, acts)
    turn = turn_seconds()
    print(f"{'one turn of a plain loop':<52} {turn * 1e9:>12.1f} ns")
    small = repeated(table, max(given.acts // len(acts), 1) if given.acts < PLAIN_ACTS else 100)
    seconds = timed(lambda: simulate_plain(ample, small), given.rounds)
    show("plain engine", seconds, len(small), turn)
    for name, rulebook in (("ample budget", ample), ("budget runs out", binding)):
        plain, fast = simulate_plain(rulebook, small), simulate(rulebook, small)
        if not np.array_equal(plain.paid_units, fast.paid_units):
            sys.exit(f"{name}: columns differ from the plain engine")
        large = repeated(table, max(given.acts // len(acts), 1))
        seconds = timed(lambda r=rulebook, t=large: simulate(r, t), given.rounds)  # type: ignore[misc]  # mypy cannot type defaults of a lambda
        show(f"columns, {len(large):,} acts, {name}", seconds, len(large), turn)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(f"{'peak memory of the process':<52} {peak:>12.2f} GiB")


if __name__ == "__main__":
    main()
