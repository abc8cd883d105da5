"""Do a step's work item by item, so that a poisoned one does not hold up the rest."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from backend.kernel.errors import EcoError, ErrorKind

Item = TypeVar("Item")


def each(items: Iterable[Item], work: Callable[[Item], bool]) -> bool:
    """Give every item its turn.

    Returns:
        True when some work was done.
    Raises:
        EcoError: The first refusal, once all items had their turn; at once when a
            process is away, since every other item would wait for the same timeout.
    """
    did_any = False
    first: EcoError | None = None
    for item in items:
        try:
            did_any = work(item) or did_any
        except EcoError as error:
            if error.kind == ErrorKind.UNAVAILABLE:
                raise
            first = first or error
    if first is not None:
        raise first
    return did_any
