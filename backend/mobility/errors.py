"""What can be wrong with a trace, a transit feed or a trip, in words that say what to change."""

from backend.kernel.errors import InvalidInputError


class TraceInvalidError(InvalidInputError):
    """A trace cannot be read or breaks a bound; `code` says which one."""

    def __init__(self, code: str, message: str, *, path: str = "", example: str = "") -> None:
        problem = {"path": path, "problem": message, "example": example}
        super().__init__(f"trace_{code}", message, errors=[problem] if path or example else [])


class FeedInvalidError(InvalidInputError):
    """A GTFS feed misses a file, breaks a bound or holds a row that cannot be read."""

    def __init__(self, code: str, message: str, *, path: str = "") -> None:
        problem = {"path": path, "problem": message, "example": ""}
        super().__init__(f"feed_{code}", message, errors=[problem] if path else [])
