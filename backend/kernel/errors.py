"""The one error tree of the backend; an edge translates `ErrorKind` to its own protocol."""

from collections.abc import Mapping
from enum import StrEnum

FactValue = str | int | bool | None | list[str] | list[dict[str, str]]


class ErrorKind(StrEnum):
    """What a caller can do about an error; HTTP numbers live at the edge."""

    INVALID = "invalid"
    """The input is wrong; sending it again unchanged is useless."""
    UNAUTHENTICATED = "unauthenticated"
    """Nobody is signed in."""
    FORBIDDEN = "forbidden"
    """Somebody is signed in and may not do this."""
    NOT_FOUND = "not_found"
    """Unknown, or not visible to this actor."""
    CONFLICT = "conflict"
    """The state of things forbids it, for example a code already used."""
    LIMITED = "limited"
    """A quota or budget is used up for now."""
    UNAVAILABLE = "unavailable"
    """A process we depend on is away; try again later."""


class EcoError(Exception):
    """Base of every expected error of the backend.

    Args:
        kind: What the caller can do about it.
        code: Stable snake_case name that clients and translations key on.
        message: One English sentence: what happened, and what to do when that helps.
        facts: JSON-safe details without personal data.
    """

    def __init__(self, kind: ErrorKind, code: str, message: str, **facts: FactValue) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message
        self.facts: Mapping[str, FactValue] = facts


class InvalidInputError(EcoError):
    """The input does not fit; `errors` lists path, problem and a valid example."""

    def __init__(
        self, code: str, message: str, *, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(ErrorKind.INVALID, code, message, errors=errors or [])
        self.errors = errors or []


class NotFoundError(EcoError):
    """The thing does not exist or this actor may not see it."""

    def __init__(self, thing: str, reference: str) -> None:
        super().__init__(
            ErrorKind.NOT_FOUND, f"{thing}_not_found", f"No such {thing}: {reference}."
        )


class UnavailableError(EcoError):
    """A process or node we need does not answer; the work is kept and resumes by itself."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(ErrorKind.UNAVAILABLE, f"{what}_unavailable", message)
