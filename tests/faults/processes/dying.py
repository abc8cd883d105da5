"""CRASH_AT=name:n: this process kills itself when it is at a named point for the n-th time.

The points are those of the schedules (`tests.faults.points`) and so is the trap; only here
SIGKILL comes in place of an exception. Production code knows nothing of it: no setting of a
deployed process can make it die.
"""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, event
from sqlmodel import Session

from backend import app
from backend.api.intake import Intake
from backend.db.engine import Database
from backend.jobs import runner
from backend.jobs.context import Context
from backend.settings import Settings
from backend.workflows.admit_claims import Answer, ClaimRequest
from tests.faults.points import POINTS
from tests.faults.trap import Trap, Trapped

CRASH_AT = "CRASH_AT"
WEB_POINTS = frozenset({"CP1", "CP2", "CP3"})
_WRITES = ("INSERT", "UPDATE", "DELETE")


class ThreadTrap(Trap):
    """A trap in a process of several threads: each thread has a step of its own."""

    def __init__(self) -> None:
        self._local = threading.local()
        super().__init__()

    @property
    def step(self) -> str:
        """What this thread is doing."""
        return str(getattr(self._local, "step", ""))

    @step.setter
    def step(self, name: str) -> None:
        self._local.step = name


class DyingDatabase(Database):
    """Either database; its transactions pass the trap, and one that wrote nothing is no point."""

    def __init__(self, url: str, *, trap: Trap) -> None:
        super().__init__(url)
        self._trap = trap
        event.listen(self.engine, "after_cursor_execute", _count_writes)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Die before the commit, or right after it."""
        self._trap.passes("begin", is_after=False)
        with super().transaction() as session:
            before = _writes(session)
            yield session
            session.flush()
            has_written = _writes(session) > before
            if has_written:
                self._trap.passes("commit", is_after=False)
        if has_written:
            self._trap.passes("commit", is_after=True)


def _count_writes(connection: Connection, cursor: Any, statement: str, *_: object) -> None:
    if statement.lstrip().upper().startswith(_WRITES) and cursor.rowcount != 0:
        connection.info["writes"] = connection.info.get("writes", 0) + 1


def _writes(session: Session) -> int:
    return int(session.connection().info.get("writes", 0))


def arm_jobs(crash_at: str) -> None:
    """Let the runner of this process die at a point; nothing happens without one."""
    if not crash_at:
        return
    trap = _trap(crash_at)
    connect, steps = runner.connect, runner.steps

    def connect_trapped(settings: Settings) -> Context:
        context = connect(settings)
        return replace(
            context,
            database=DyingDatabase(settings.database_url, trap=trap),
            node=Trapped(context.node, trap),
            wallet=Trapped(context.wallet, trap),
            mail=Trapped(context.mail, trap),
        )

    runner.connect = connect_trapped
    runner.steps = lambda: [_named(step, trap) for step in steps()]


def _named(step: runner.Step, trap: Trap) -> runner.Step:
    run = step.run

    def named(context: Context) -> bool:
        trap.step = step.name
        return run(context)

    return replace(step, run=named)


def arm_web(crash_at: str) -> None:
    """Let the web process die while it stores claims; nothing happens without a point."""
    if not crash_at:
        return
    trap = _trap(crash_at)
    commit = Intake._commit

    def commit_trapped(intake: Intake, requests: Sequence[ClaimRequest]) -> list[Answer]:
        trap.step = "claim"
        try:
            return commit(intake, requests)
        finally:
            trap.step = ""

    # For the whole life of the process, so nothing is ever patched back.
    patch.object(app, "Database", partial(DyingDatabase, trap=trap)).start()
    patch.object(Intake, "_commit", commit_trapped).start()


def _trap(crash_at: str) -> ThreadTrap:
    name, _, count = crash_at.partition(":")
    (point,) = (point for point in POINTS if point.name == name)
    trap = ThreadTrap()
    left = int(count or "1")

    def spring() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        trap.set(point, spring)

    trap.set(point, spring)
    return trap
