"""Reading facts of an act: a fact that a rule needs is there or the evaluation stops."""

from datetime import UTC, date, datetime, tzinfo
from operator import attrgetter
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from backend.rulebook.act import Act
from backend.rulebook.errors import ActIncompleteError

MONEY_FACTS = frozenset({"driver_revenue_units", "passenger_contribution_units"})


class ReadNumber(Protocol):
    """Reads a whole number of an act."""

    def __call__(self, act: Act, /) -> int:
        """Return the number or raise ActIncompleteError."""


def reader(fact: str) -> ReadNumber:
    """Return a function that reads a number; money that is missing is 0."""
    get: Any = attrgetter(fact)
    if fact in MONEY_FACTS:
        return lambda act: get(act) or 0

    def read(act: Act) -> int:
        value: int | None = get(act)
        if value is None:
            raise ActIncompleteError(fact)
        return value

    return read


def utc(at: datetime | None) -> datetime | None:
    """Return the same instant in UTC; nothing stays nothing."""
    return None if at is None else at.astimezone(UTC)


def zone_of(name: str) -> tzinfo:
    """Return a time zone; UTC as the fast built-in one."""
    return UTC if name == "UTC" else ZoneInfo(name)


def local_time(at: datetime, zone: tzinfo) -> datetime:
    """Return the wall clock of an instant."""
    return at.astimezone(zone)


def local_day(at: datetime, zone: tzinfo) -> date:
    """Return the calendar day of an instant."""
    return at.astimezone(zone).date()
