"""One problem of an edition, as the validators report it."""

from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Where, what, and a valid example (taken from the schema when empty)."""

    path: Path
    problem: str
    example: str = ""
