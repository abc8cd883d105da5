"""Instants as files write them: ISO 8601 with an offset, or Unix seconds or milliseconds."""

from datetime import datetime

from backend.mobility.errors import TraceInvalidError

_MILLISECONDS_FROM = 1e11
"""As seconds this is the year 5138, as milliseconds 1973: no trace is that old."""


def read_instant(value: object, path: str) -> float:
    """Return Unix seconds.

    Raises:
        TraceInvalidError: No time, or one without an offset from UTC.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > _MILLISECONDS_FROM else float(value)
    try:
        instant = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise TraceInvalidError(
            "malformed_time", "A time cannot be read.", path=path, example="2026-07-11T08:30:00Z"
        ) from error
    if instant.tzinfo is None:
        raise TraceInvalidError(
            "time_without_zone",
            "A time has no offset from UTC, so it could mean several instants.",
            path=path,
            example="2026-07-11T08:30:00Z",
        )
    return instant.timestamp()
