"""A clock that stands still until the test moves it."""

from datetime import UTC, datetime, timedelta

import pytest

NOON = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
"""A Monday, 12:00 in Marseille: far from midnight and from a change of time."""


class FrozenClock:
    """Tells one instant for ever; the same protocol as `backend.kernel.clock.Clock`."""

    def __init__(self, at: datetime = NOON) -> None:
        self._now = at

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self._now

    def advance(self, **delta: int) -> datetime:
        """Move forward by `timedelta(**delta)` and return the new instant."""
        self._now += timedelta(**delta)
        return self._now

    def set(self, at: datetime) -> None:
        """Jump to `at`."""
        self._now = at


@pytest.fixture
def clock() -> FrozenClock:
    """A clock at noon of an ordinary Monday in June."""
    return FrozenClock()
