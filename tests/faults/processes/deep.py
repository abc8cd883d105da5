"""The deep run with real processes, resumable, and the tables that `make faults-processes` prints.

    python -m tests.faults.processes.deep                       play what is missing
    python -m tests.faults.processes.deep --seed 7 --database sqlite    one schedule again

Each played schedule is a line of build/faults/processes-<digest of the sources>.jsonl. Its seed
fixes the plan; the moments are the machine's, so a failure keeps its logs and database beside it.
"""

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.points import POINTS
from tests.faults.processes import session
from tests.faults.processes.strikes import STRIKES
from tests.support.processes import ROOT

FOLDER = ROOT / "build" / "faults"
SESSION = 20
"""Schedules on one stack: each crash point once."""
SOURCES = ("backend", "wallet_service", "tests/faults", "tests/support")
Row = dict[str, Any]


def main() -> int:
    """Play and report; 0 when every promise was kept and every point and strike was reached."""
    options = _options()
    # Forked children inherit it; the runner's own log of each failure is kept with the evidence.
    os.environ.setdefault("PYTHONHASHSEED", "0")
    if options.seed is not None:
        rows = [vars(o) for o in session.play(options.database, [options.seed], evidence=FOLDER)]
        print(json.dumps(rows, indent=1))
        return 1 if rows[0]["complaints"] else 0
    state = FOLDER / f"processes-{_digest()}.jsonl"
    state.parent.mkdir(parents=True, exist_ok=True)
    wanted = {"sqlite": options.sqlite, "postgresql": options.postgresql}
    rows = _read(state)
    with state.open("a") as file:
        for database, count in wanted.items():
            done = {row["seed"] for row in rows if row["database"] == database}
            left = [seed for seed in range(count) if seed not in done]
            print(f"{database}: {len(done)} schedules are played, {len(left)} to go ({state.name})")
            rows += _play(database, left, file)
    return report(rows)


def _play(database: str, seeds: Sequence[int], file: Any) -> list[Row]:
    rows: list[Row] = []
    left = list(seeds)
    while left:
        chunk, left = left[:SESSION], left[SESSION:]
        for outcome in session.play(database, chunk, evidence=FOLDER):
            chunk.remove(outcome.seed)
            rows.append(vars(outcome))
            print(json.dumps(rows[-1]), file=file, flush=True)
            print(_progress(rows[-1]), flush=True)
        # A failed schedule ends its stack; the rest of the chunk gets a new one.
        left = chunk + left
    return rows


def report(rows: Sequence[Row]) -> int:
    """Print the tables; return 1 when something was broken or never reached."""
    heads = ("database", "schedules", "rewards", "payments", "processes killed", "faults",
             "broken", "slowest drain, s", "seconds each")  # fmt: skip
    print("\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for database in dict.fromkeys(row["database"] for row in rows):
        mine = [row for row in rows if row["database"] == database]
        cells = (
            database,
            len(mine),
            sum(row["rewards"] for row in mine),
            sum(row["payments"] for row in mine),
            sum(sum(row["deaths"].values()) for row in mine),
            sum(1 + sum(row["strikes"].values()) for row in mine),
            sum(bool(row["complaints"]) for row in mine),
            max(row["drain_s"] for row in mine),
            f"{sum(row['took_s'] for row in mine) / len(mine):.1f}",
        )
        print("| " + " | ".join(map(str, cells)) + " |")
    points = Counter(row["point"] for row in rows)
    strikes = sum((Counter(row["strikes"]) for row in rows), Counter[str]())
    print("\n| killed itself at | times |\n|---|---|")
    print("\n".join(f"| {p.name} {p.what} | {points[p.name]} |" for p in POINTS))
    print("\n| struck | times |\n|---|---|")
    print("\n".join(f"| {strike.name} | {strikes[strike.name]} |" for strike in STRIKES))
    missing = [p.name for p in POINTS if not points[p.name]]
    missing += [s.name for s in STRIKES if not strikes[s.name]]
    failed = [row for row in rows if row["complaints"]]
    for row in failed:
        print(f"{row['database']} seed {row['seed']}: {'; '.join(row['complaints'])}")
    if missing:
        print(f"never reached: {', '.join(missing)}")
    return 1 if failed or missing else 0


def _progress(row: Row) -> str:
    wrong = "; ".join(row["complaints"]) or "kept"
    return f"{row['database']} {row['seed']} ({row['point']}) in {row['took_s']} s: {wrong}"


def _read(state: Path) -> list[Row]:
    if not state.exists():
        return []
    # The last line may be cut when the run was killed.
    return [json.loads(line) for line in state.read_text().splitlines() if line.endswith("}")]


def _digest() -> str:
    found = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sqlite", type=int, default=200, help="schedules on SQLite")
    parser.add_argument("--postgresql", type=int, default=50, help="schedules on PostgreSQL")
    parser.add_argument("--seed", type=int, help="play this one")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
