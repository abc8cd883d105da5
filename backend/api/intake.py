"""Group commit: claims that arrive while a commit is in flight share the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from backend.db.engine import Database, is_deadlock
from backend.kernel.clock import Clock
from backend.kernel.errors import UnavailableError
from backend.workflows.admit_claims import Answer, ClaimRequest, admit

log = structlog.get_logger()

MAX_GROUP = 256
"""Larger groups gain little (docs/adr/0001) and make the first of them wait."""
MAX_WAITING = 10_000
"""Beyond this the intake answers 503 at once instead of letting phones time out."""


@dataclass(frozen=True)
class _Waiting:
    request: ClaimRequest
    answer: asyncio.Future[Answer]


class Intake:
    """The hot path: one writer task, each reply after its own durable commit.

    Args:
        database: Where claims are stored.
        clock: Gives the instant of receipt.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(MAX_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the writer inside the running event loop."""
        self._task = asyncio.create_task(self._run(), name="claim intake")

    async def stop(self) -> None:
        """Finish what is queued, then stop."""
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()

    async def submit(self, request: ClaimRequest) -> Answer:
        """Store a claim and return its durable answer.

        Raises:
            UnavailableError: Too many claims wait, or the database is away; nothing was stored.
        """
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise UnavailableError(
                "intake", "Too many people are scanning right now; try again in a few seconds."
            ) from None
        return await waiting.answer

    async def _run(self) -> None:
        while True:
            group = [await self._queue.get()]
            while len(group) < MAX_GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            await self._answer(group)
            for _ in group:
                self._queue.task_done()

    async def _answer(self, group: Sequence[_Waiting]) -> None:
        try:
            answers = await asyncio.to_thread(self._commit, [w.request for w in group])
        except Exception as error:
            log.exception("intake_failed", claims=len(group))
            await self._answer_singly(group, error)
            return
        for waiting, answer in zip(group, answers, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _answer_singly(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Find the request that broke its group; the others must not pay for it."""
        is_away = isinstance(error, OperationalError | InterfaceError) and not is_deadlock(error)
        if len(group) == 1 or is_away:
            # The database is away: each one alone would only wait for the same timeout.
            for waiting in group:
                _fail(waiting, error)
            return
        for waiting in group:
            await self._answer([waiting])

    def _commit(self, requests: Sequence[ClaimRequest]) -> list[Answer]:
        with self._database.transaction() as session:
            return admit(session, requests, now=self._clock.now())


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.answer.done():
        unavailable = UnavailableError(
            "database", "Your deposit could not be stored; nothing was counted. Scan again."
        )
        unavailable.__cause__ = error
        waiting.answer.set_exception(unavailable)
