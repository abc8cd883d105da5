"""Live updates: an event arrives once, a page that comes back misses nothing."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.sse import ServerSentEvent
from sqlalchemy.exc import OperationalError

from backend.api import events
from backend.api.events import Tailer, get_events
from backend.db import event_log
from backend.db.engine import Database
from tests.support.clock import NOON

WAIT_S = 5.0


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def append(database: Database, kind: str, *, audience: str = "alice", count: int = 1) -> None:
    with database.transaction() as session:
        for number in range(count):
            event_log.append(session, kind=kind, subject=str(number), audience=audience, at=NOON)


class Page:
    """One open page of Alice; it reads in the background, as a browser does."""

    def __init__(self, tailer: Tailer, last_event_id: int | None) -> None:
        request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(tailer=tailer)))
        actor: Any = SimpleNamespace(account_id="alice")
        self.seen: list[ServerSentEvent] = []
        self._task = asyncio.create_task(self._read(get_events(request, actor, last_event_id)))

    async def _read(self, stream: AsyncIterator[ServerSentEvent]) -> None:
        async for event in stream:
            self.seen.append(event)

    async def wait_for(self, count: int) -> list[str]:
        """Return the kinds seen once there are `count`; a moment more shows surplus ones."""
        async with asyncio.timeout(WAIT_S):
            while len(self.seen) < count:  # noqa: ASYNC110 - what is waited for is another task
                await asyncio.sleep(0.01)
        await asyncio.sleep(2 * events.POLL_S)
        return [str(event.event) for event in self.seen]

    async def close(self) -> None:
        """Leave the page."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def tailing(database: Database) -> AsyncIterator[Tailer]:
    tailer = Tailer(database)
    tailer.start()
    await asyncio.sleep(3 * events.POLL_S)
    yield tailer
    await tailer.stop()


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


def test_a_page_hears_of_its_own_events_only(database: Database) -> None:
    async def main() -> None:
        append(database, "before_the_page_opened")
        async with tailing(database) as tailer:
            page = Page(tailer, None)
            await asyncio.sleep(0)
            append(database, "claim_decided", audience="bob")
            append(database, "reward_confirmed")
            assert await page.wait_for(1) == ["reward_confirmed"]
            await page.close()

    run(main())


def test_a_page_that_opens_late_does_not_hear_old_events(database: Database) -> None:
    async def main() -> None:
        async with tailing(database) as tailer:
            append(database, "claim_decided")
            await asyncio.sleep(3 * events.POLL_S)
            page = Page(tailer, None)
            await asyncio.sleep(0)
            append(database, "reward_confirmed")
            assert await page.wait_for(1) == ["reward_confirmed"]
            await page.close()

    run(main())


def test_a_page_that_comes_back_gets_what_it_missed_once(database: Database) -> None:
    async def main() -> None:
        append(database, "seen")
        async with tailing(database) as tailer:
            append(database, "missed_one")
            append(database, "missed_two")
            page = Page(tailer, 1)
            await page.wait_for(2)
            append(database, "live")
            assert await page.wait_for(3) == ["missed_one", "missed_two", "live"]
            assert [event.id for event in page.seen] == ["2", "3", "4"]
            await page.close()

    run(main())


def test_a_busy_log_does_not_hide_what_a_page_missed(database: Database) -> None:
    async def main() -> None:
        append(database, "noise", audience="bob", count=1_200)
        append(database, "missed")
        async with tailing(database) as tailer:
            page = Page(tailer, 0)
            assert await page.wait_for(1) == ["missed"]
            await page.close()

    run(main())


def test_pages_go_on_when_the_database_was_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> Any:
        raise OperationalError("SELECT", {}, ConnectionError("server closed the connection"))

    monkeypatch.setattr(events, "PAUSE_S", 0.01)

    async def main() -> None:
        async with tailing(database) as tailer:
            page = Page(tailer, None)
            await asyncio.sleep(0)
            with monkeypatch.context() as patch:
                patch.setattr(database, "reading", away)
                await asyncio.sleep(3 * events.POLL_S)
            append(database, "reward_confirmed")
            assert await page.wait_for(1) == ["reward_confirmed"]
            await page.close()

    run(main())


def test_a_page_that_does_not_read_is_let_go(database: Database) -> None:
    async def main() -> None:
        async with tailing(database) as tailer:
            queue = tailer.listen("alice")
            append(database, "claim_decided", count=events.MAX_QUEUED + 1)
            async with asyncio.timeout(WAIT_S):
                while queue.qsize() != 1:  # noqa: ASYNC110 - the tailer has no event to wait for
                    await asyncio.sleep(0.01)
            assert queue.get_nowait() is None

    run(main())
