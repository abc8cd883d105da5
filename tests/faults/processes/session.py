"""Several schedules on one running stack: starting one takes longer than playing one."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults.processes import judge
from tests.faults.processes.play import Outcome, Schedule
from tests.faults.processes.stack import Stack, short_folder
from tests.faults.processes.town import Town
from tests.support.postgres import PostgresServer

NAME = "faults"


def play(database: str, seeds: Sequence[int], *, evidence: Path | None = None) -> Iterator[Outcome]:
    """Play schedules one after the other on a fresh system.

    Args:
        database: "sqlite" or "postgresql".
        evidence: Folder that receives logs and database of a schedule that failed.
    """
    with (
        short_folder() as folder,
        _url(database, folder) as url,
        Stack(folder, url).running() as stack,
    ):
        town = Town(stack)
        stack.start_backend()
        for seed in seeds:
            outcome = Schedule(stack, town, seed).run()
            if seed == seeds[-1]:
                outcome.complaints += judge.differences(stack)
            if outcome.complaints and evidence is not None:
                _keep(folder, evidence / f"{database}-{seed}")
            yield outcome
            if outcome.complaints:
                # What is broken now would be found again by every schedule after it.
                return


@contextmanager
def _url(database: str, folder: Path) -> Iterator[str]:
    if database == "sqlite":
        yield f"sqlite:///{folder / 'calanque.db'}"
        return
    server = PostgresServer()
    try:
        server.start()
        server.run(f"CREATE DATABASE {NAME}")
        yield server.url(NAME)
    finally:
        server.stop()


def _keep(folder: Path, evidence: Path) -> None:
    shutil.rmtree(evidence, ignore_errors=True)
    shutil.copytree(folder, evidence, ignore=shutil.ignore_patterns("*.sock", "*.kek"))
