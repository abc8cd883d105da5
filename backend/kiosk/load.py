"""Load: many bins with a phone before each, over the real API; says what the server did."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx2

from backend.kernel.errors import UnavailableError
from backend.kernel.ids import new_id
from backend.kiosk.terminal import Terminal

CLAIMS = "/api/v1/claims"
SESSIONS = "/api/v1/sessions"
TIMEOUT_S = 30.0
QUANTILES = (50, 95, 99)
"""Percent of the answers, of which the slowest is told."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What came of one code: the claim's state or the problem's code, and the wait."""

    answer: str
    wait_ms: int


class Phone:
    """An anonymous citizen who scans what one bin shows."""

    def __init__(self, server: str) -> None:
        self._http = httpx2.Client(base_url=server, timeout=TIMEOUT_S)

    def arrive(self) -> None:
        """Open a session as a first visit does.

        Raises:
            UnavailableError: The server does not answer, or refuses the session.
        """
        try:
            self._http.post(SESSIONS).raise_for_status()
        except httpx2.HTTPError as error:
            raise UnavailableError("server", f"No session: {error}") from error

    def scan(self, url: str) -> Scan:
        """Claim a code; a refusal is an answer, silence is one too."""
        started_s = time.monotonic()
        try:
            reply = self._http.post(
                CLAIMS, json={"code": url}, headers={"Idempotency-Key": new_id()}
            )
            told = reply.json()
            answer = str(told["state"] if reply.is_success else told["code"])
        except httpx2.HTTPError as error:
            answer = type(error).__name__
        return Scan(answer, round((time.monotonic() - started_s) * 1000))


def play(
    bins: Sequence[Terminal], server: str, *, rate_per_s: int, duration_s: int
) -> tuple[Scan, ...]:
    """Let every bin take objects at its share of the rate, whatever the server needs.

    Args:
        bins: Enrolled; each has a thread and a phone of its own.
        server: Base URL of the API.
        rate_per_s: Deposits a second of all bins together.
        duration_s: How long. Unit: seconds.
    Raises:
        UnavailableError: The server does not answer before the first deposit.
    """
    phones = [Phone(server) for _ in bins]
    for phone in phones:
        phone.arrive()
    each = max(1, rate_per_s * duration_s // len(bins))
    pause_s = duration_s / each
    with ThreadPoolExecutor(len(bins)) as threads:
        work = partial(_deposits, count=each, pause_s=pause_s)
        return tuple(scan for part in threads.map(work, bins, phones) for scan in part)


def _deposits(terminal: Terminal, phone: Phone, *, count: int, pause_s: float) -> list[Scan]:
    started_s = time.monotonic()
    scans = []
    for number in range(count):
        # By the clock and not after the answer: a slow server does not slow its visitors.
        time.sleep(max(0.0, started_s + number * pause_s - time.monotonic()))
        material = terminal.identity.materials[0]
        scans.append(phone.scan(terminal.deposit(material=material, count=1, mass_g=300)))
    return scans


def figures(scans: Sequence[Scan], *, duration_s: int) -> list[str]:
    """Return what happened, a line each."""
    answers = Counter(scan.answer for scan in scans)
    listed = ", ".join(f"{answer} {count}" for answer, count in answers.most_common())
    waits = sorted(scan.wait_ms for scan in scans)
    slow = [f"p{part} {waits[(len(waits) - 1) * part // 100]} ms" for part in QUANTILES]
    return [
        f"{len(scans)} deposits in {duration_s} s: {listed}",
        f"Answers: {', '.join(slow)}, slowest {waits[-1]} ms",
    ]
