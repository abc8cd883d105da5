"""The deep run: thousands of seeds, resumable, with the tables that `make faults` prints.

    python -m tests.faults.deep                 play what is missing, then print the tables
    python -m tests.faults.deep --seed 4711     replay one seed and print its moves

Each played seed is a line of build/faults/<digest of the sources>.jsonl, so a run that was
stopped goes on where it was, and one after a change of the code begins anew.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from tests.faults import tables
from tests.faults.play import SUITES, play, prepare

ROOT = Path(__file__).parents[2]
SOURCES = ("backend", "tests/faults", "tests/support")
COUNTING = ("deep.py", "tables.py")
"""Files that play nothing: a change of theirs leaves what was played true."""
PROGRESS_S = 20

_template: Path


def main() -> int:
    """Play and report.

    Returns:
        0 when every promise was kept and every pair was reached, 1 otherwise.
    """
    options = _options()
    if options.seed is not None:
        return _replay(options.suite, options.seed)
    counts = _counts(options)
    # The short suites first: who stops early has them whole.
    wanted = [
        (suite, seed)
        for suite in sorted(counts, key=counts.__getitem__)
        for seed in range(counts[suite])
    ]
    state = ROOT / "build" / "faults" / f"{_digest()}.jsonl"
    state.parent.mkdir(parents=True, exist_ok=True)
    rows = _read(state)
    done = {(row["suite"], row["seed"]) for row in rows}
    left = [job for job in wanted if job not in done]
    print(f"{len(done)} seeds are played, {len(left)} to go ({state.relative_to(ROOT)})")
    began = shown = time.monotonic()
    with state.open("a") as file:
        for row in _played(left, options.workers):
            rows.append(row)
            print(json.dumps(row), file=file, flush=True)
            if row["complaints"]:
                print(tables.failure(row))
            if time.monotonic() - shown > PROGRESS_S:
                shown = time.monotonic()
                played = len(rows) - len(done)
                rest_s = (shown - began) / played * (len(left) - played)
                print(f"{len(rows)} of {len(wanted)} seeds, some {rest_s / 60:.0f} min to go")
    return tables.report([row for row in rows if (row["suite"], row["seed"]) in set(wanted)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--seeds", type=int, default=10_000, help="schedules to play")
    parser.add_argument("--liars", type=int, default=1_000, help="seeds with lying nodes")
    parser.add_argument("--others", type=int, default=192, help="seeds of each other suite")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--suite", choices=SUITES, default="schedules", help="of --seed")
    parser.add_argument("--seed", type=int, help="replay this one")
    return parser.parse_args()


def _counts(options: argparse.Namespace) -> dict[str, int]:
    asked = {"schedules": options.seeds, "liars": options.liars}
    return {suite: asked.get(suite, options.others) for suite in SUITES}


def _played(jobs: list[tuple[str, int]], workers: int) -> Iterator[dict[str, Any]]:
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        Pool(workers, initializer=_begin, initargs=(folder,)) as pool,
    ):
        yield from pool.imap_unordered(_play, jobs)


def _begin(folder: str) -> None:
    global _template  # noqa: PLW0603 - state of a worker process
    _template = prepare(Path(tempfile.mkdtemp(dir=folder)))


def _play(job: tuple[str, int]) -> dict[str, Any]:
    suite, seed = job
    began_s = time.process_time()
    outcome, _ = play(_template, suite, seed)
    return {"suite": suite, "cpu_s": round(time.process_time() - began_s, 2), **vars(outcome)}


def _replay(suite: str, seed: int) -> int:
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        outcome, moves = play(prepare(Path(folder)), suite, seed)
    print("\n".join(moves))
    print(json.dumps(vars(outcome), indent=1))
    return 1 if outcome.complaints else 0


def _read(state: Path) -> list[dict[str, Any]]:
    if not state.exists():
        return []
    lines = state.read_text().splitlines()
    # The last line may be cut when the run was killed.
    return [json.loads(line) for line in lines if line.endswith("}")]


def _digest() -> str:
    found = hashlib.sha256()
    for folder in SOURCES:
        played = (p for p in (ROOT / folder).rglob("*.py") if p.name not in COUNTING)
        for path in sorted(played):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
