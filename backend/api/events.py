"""Live updates: one tailer per process reads the event log, each page listens to its own part."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from backend.accounts.rules import Actor, Permission
from backend.db import event_log
from backend.db.engine import Database
from backend.db.event_log import EventRow
from backend.http.deps import requires

router = APIRouter(tags=["events"])

POLL_S = 0.1
PAUSE_S = 2.0
"""Between two tries while the database is away."""
MAX_QUEUED = 200
"""A page that reads slower than this is cut off and comes back with Last-Event-ID."""


log = structlog.get_logger()


class Tailer:
    """Reads the event log once for all listeners of the process.

    Args:
        database: Where the log is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: defaultdict[str, set[asyncio.Queue[EventRow | None]]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start reading inside the running event loop."""
        self._task = asyncio.create_task(self._run(), name="event tailer")

    async def stop(self) -> None:
        """Stop reading and let every listener go."""
        if self._task is not None:
            self._task.cancel()
        for queues in self._listeners.values():
            for queue in queues:
                _offer(queue, None)

    def listen(self, audience: str) -> asyncio.Queue[EventRow | None]:
        """Return a queue that gets each new event of an audience; `None` ends it."""
        queue: asyncio.Queue[EventRow | None] = asyncio.Queue(MAX_QUEUED)
        self._listeners[audience].add(queue)
        return queue

    def leave(self, audience: str, queue: asyncio.Queue[EventRow | None]) -> None:
        """Forget a listener."""
        self._listeners[audience].discard(queue)
        if not self._listeners[audience]:
            del self._listeners[audience]

    async def missed(self, audience: str, position: int) -> list[EventRow]:
        """Return the events of an audience behind a position, for a page that comes back."""
        return await asyncio.to_thread(self._read, position, audience)

    async def _run(self) -> None:
        position: int | None = None
        while True:
            try:
                if position is None:
                    position = await asyncio.to_thread(self._latest)
                rows = await asyncio.to_thread(self._read, position)
            except SQLAlchemyError as error:
                # Pages stay open while the database is away, and hear of what they missed.
                log.warning("tailer_waits", detail=str(error))
                await asyncio.sleep(PAUSE_S)
                continue
            for row in rows:
                position = row.id or position
                for queue in tuple(self._listeners.get(row.audience, ())):
                    _offer(queue, row)
            if not rows:
                await asyncio.sleep(POLL_S)

    def _read(self, position: int, audience: str | None = None) -> list[EventRow]:
        with self._database.reading() as session:
            return list(event_log.after(session, position, audience=audience))

    def _latest(self) -> int:
        with self._database.reading() as session:
            return event_log.latest(session)


def _offer(queue: asyncio.Queue[EventRow | None], row: EventRow | None) -> None:
    try:
        queue.put_nowait(row)
    except asyncio.QueueFull:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)


@router.get(
    "/events", response_class=EventSourceResponse, summary="Follow what happens to one's own things"
)
async def get_events(
    request: Request,
    actor: Annotated[Actor, requires(Permission.FOLLOW)],
    last_event_id: Annotated[int | None, Header()] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Stream one's own events; a reconnecting page gets what it missed."""
    tailer: Tailer = request.app.state.tailer
    queue = tailer.listen(actor.account_id)
    position = last_event_id or 0
    try:
        while last_event_id is not None:
            missed = await tailer.missed(actor.account_id, position)
            for row in missed:
                position = row.id or position
                yield _sse(row)
            if not missed:
                break
        while True:
            row_or_end = await queue.get()
            if row_or_end is None:
                return
            # What was read as missed may have been queued as well.
            if (row_or_end.id or 0) > position:
                yield _sse(row_or_end)
    finally:
        tailer.leave(actor.account_id, queue)


def _sse(row: EventRow) -> ServerSentEvent:
    data = {"kind": row.kind, "subject": row.subject, **row.payload}
    return ServerSentEvent(data=data, event=row.kind, id=str(row.id))
