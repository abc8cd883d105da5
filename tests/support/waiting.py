"""Waiting for something outside the test to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    probe: Callable[[], T | None], *, what: str, timeout_s: float = 20.0, every_s: float = 0.05
) -> T:
    """Call `probe` until it returns something true and return that.

    A refused connection counts as "not yet".

    Raises:
        TimeoutError: It never became true; the message holds the last error.
    """
    deadline = time.monotonic() + timeout_s
    last: object = None
    while time.monotonic() < deadline:
        try:
            found = probe()
            if found:
                return found
            last = found
        except (OSError, ConnectionError) as error:
            last = error
        time.sleep(every_s)
    raise TimeoutError(f"{what}: not within {timeout_s} s (last: {last!r})")
