"""Plays many seeded schedules of euro on both databases: `make euro-schedules` (resumable).

Each chunk of schedules gets a fresh database. What is done is kept in
build/euro-schedules/<engine>.json, so that a run can be stopped and goes on where it stood.
"""

import argparse
import json
import sys
import tempfile
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import create_engine, event

from backend.db.engine import Database
from backend.db.migrate import migrate
from tests.support import euro_schedule
from tests.support.clock import FrozenClock
from tests.support.postgres import PostgresServer

FOLDER = Path("build/euro-schedules")
CHUNK = 25
"""Schedules of a database: each step adds up all its books, so that a full one costs more."""
ENGINES = ("sqlite", "postgresql")


def play_chunk(
    engine: str, server_url: str, end: int, first: int
) -> tuple[int, int, float, list[str]]:
    """Play a chunk up to a seed; return its first, its steps, CPU seconds, and what went wrong."""
    start = process_time()
    steps, complaints = 0, []
    # One clock for all shops of a database: time never runs backwards for those of before.
    clock = FrozenClock()
    with _database(engine, server_url, first) as database:
        for seed in range(first, min(first + CHUNK, end)):
            schedule = euro_schedule.steps_of(seed)
            steps += len(schedule)
            try:
                euro_schedule.play(database, clock, schedule, seed=seed)
            except Exception:  # noqa: BLE001 - whatever it is, the seed is told and the rest go on
                complaints.append(f"seed {seed}: {traceback.format_exc(limit=-2)}")
                break
    return first, steps, process_time() - start, complaints


@contextmanager
def _database(engine: str, server_url: str, first: int) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/euro.db"
        if engine == "postgresql":
            url = server_url.format(f"euro_{first}")
            admin = create_engine(server_url.format("postgres"), isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.exec_driver_sql(f"CREATE DATABASE euro_{first}")
            admin.dispose()
        migrate(url)
        database = Database(url)
        if database.is_sqlite:
            event.listen(database.engine, "connect", _trust_the_cache)
        try:
            yield database
        finally:
            database.dispose()


def _trust_the_cache(connection: object, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]  # DB-API connection


def run(engine: str, schedules: int, workers: int, folder: Path) -> int:
    """Play what is not done yet on one engine; return how many complaints there are."""
    path = folder / f"{engine}.json"
    state = _State(**json.loads(path.read_text())) if path.exists() else _State()
    waiting = [first for first in range(0, schedules, CHUNK) if first not in set(state.done)]
    started = perf_counter()
    with _server(engine) as url, ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for played in pool.map(partial(play_chunk, engine, url, schedules), waiting):
            state.add(*played)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(asdict(state)))
            print(f"\r{engine}: {state.played(schedules)} schedules", end="", flush=True)
    print(
        f"\r{engine}: {state.played(schedules)} schedules, {state.steps} steps, "
        f"{state.cpu_s:.0f} s of CPU, {len(state.bad)} failed "
        f"({perf_counter() - started:.0f} s in this run)"
    )
    print(*state.bad[:3], sep="\n")
    return len(state.bad)


@dataclass
class _State:
    """What was played on one engine so far."""

    done: list[int] = field(default_factory=list)
    steps: int = 0
    cpu_s: float = 0.0
    bad: list[str] = field(default_factory=list)

    def played(self, schedules: int) -> int:
        """Return how many of so many schedules are played."""
        return sum(min(CHUNK, schedules - first) for first in self.done if first < schedules)

    def add(self, first: int, steps: int, cpu_s: float, complaints: list[str]) -> None:
        """Note a chunk."""
        self.done.append(first)
        self.steps += steps
        self.cpu_s += cpu_s
        self.bad += complaints


@contextmanager
def _server(engine: str) -> Iterator[str]:
    """Yield a URL with a hole for the name of a database that will be made."""
    if engine == "sqlite":
        yield ""
        return
    server = PostgresServer()
    server.start()
    try:
        yield server.url("{}")
    finally:
        server.stop()


def main() -> int:
    """Play on both databases; exit 1 when a schedule broke a promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000, help="per database")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    chosen = parser.parse_args()
    failed = [
        run(engine, chosen.schedules, chosen.workers, chosen.folder)
        for engine in chosen.engine or ENGINES
    ]
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
