"""Waiting for something outside the test to become true."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
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


def listens(path: Path) -> bool:
    """Tell whether somebody listens at a Unix socket.

    Ask this before the first request: httpx leaves the socket of a refused one open.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0
