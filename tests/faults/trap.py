"""A process that dies at a chosen point: what passes a trap runs until the trap springs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlmodel import Session

from backend.db.engine import Database
from tests.faults.points import Point


class Crash(BaseException):
    """The process is gone at once; nothing catches it and no `finally` talks to the world."""


class Trap:
    """Springs once, at the point it was set for, while the harness names the step under way."""

    def __init__(self) -> None:
        self.step = ""
        self.point: Point | None = None
        self._spring: Callable[[], None] = lambda: None

    def set(self, point: Point, spring: Callable[[], None]) -> None:
        """Arm it; `spring` raises Crash, or does something else at that very moment."""
        self.point, self._spring = point, spring

    def unset(self) -> None:
        """Disarm it."""
        self.point = None

    def passes(self, call: str, *, is_after: bool) -> None:
        """Note that the process is at a point; spring if it is the one."""
        point = self.point
        if (
            point is not None
            and call == point.call
            and is_after == point.is_after
            and self.step in point.steps
        ):
            self.point = None
            self._spring()


class Trapped:
    """Hands every call of a fake on, through the trap."""

    def __init__(self, inner: object, trap: Trap) -> None:
        self._inner = inner
        self._trap = trap

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if self._trap.point is None or not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self._trap.passes(name, is_after=False)
            answer = found(*arguments, **options)
            self._trap.passes(name, is_after=True)
            return answer

        return call


class TrappedDatabase(Database):
    """A SQLite database whose transactions pass the trap; one that wrote nothing is no point."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._trap = Trap()

    @classmethod
    @cache
    def at(cls, url: str) -> "TrappedDatabase":
        """Return the one database of a URL: what its engine compiled serves every later schedule.

        The file behind it may be another one after `dispose`.
        """
        return cls(url)

    def pass_through(self, trap: Trap) -> "TrappedDatabase":
        """Let transactions pass this trap from now on; return itself."""
        self._trap = trap
        return self

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Die before the commit (all is rolled back) or right after it (all is kept)."""
        if self._trap.point is None:
            with super().transaction() as session:
                yield session
            return
        self._trap.passes("begin", is_after=False)
        with super().transaction() as session:
            before = _changes(session)
            yield session
            session.flush()
            has_written = _changes(session) != before
            if has_written:
                self._trap.passes("commit", is_after=False)
        if has_written:
            self._trap.passes("commit", is_after=True)


def _changes(session: Session) -> int:
    connection = session.connection().connection.driver_connection
    return int(connection.total_changes) if connection is not None else 0
