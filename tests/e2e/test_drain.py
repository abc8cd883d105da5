import itertools
import json
import socket
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import select

from backend.actions.models import Claim
from backend.db.engine import Database
from tests.support import builders
from tests.support.builders import Terminal
from tests.support.clock import FrozenClock
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import wait_for

DRAIN_S = 10
WRITERS = 8


class Phone(threading.Thread):
    """Claims one deposit after the other until the server is gone; remembers each answer."""

    def __init__(
        self, url: str, token: str, terminal: Terminal, numbers: "itertools.count[int]"
    ) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self._url = url
        self._headers = {"Cookie": f"calanque={token}", "Content-Type": "application/json"}
        self._terminal = terminal
        self._numbers = numbers

    def run(self) -> None:
        while True:
            request = urllib.request.Request(
                f"{self._url}/api/v1/claims",
                data=json.dumps({"code": self._terminal.deposit_code()}).encode(),
                headers=self._headers | {"Idempotency-Key": f"phone-{next(self._numbers):08d}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    self.acknowledged.append(json.load(answer)["id"])
            except (OSError, ValueError):
                # The server is going or gone; what it refused was never acknowledged.
                return


def _open_stream(port: int, token: str) -> socket.socket:
    """Open the live events of a page and leave the connection open, as a phone does."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=10)
    head = (
        f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: calanque={token}\r\n\r\n"
    )
    stream.sendall(head.encode())
    assert b" 200 " in stream.recv(200)
    return stream


def test_a_web_process_under_load_drains_and_keeps_what_it_acknowledged(
    database_url: str, tmp_path: Path
) -> None:
    clock = FrozenClock(datetime.now(UTC))
    database = Database(database_url)
    builders.make_incarnation(database, clock)
    builders.make_edition(database, clock)
    bins = [builders.make_bin(database, clock) for _ in range(WRITERS)]
    tokens = [
        builders.sign_in(database, clock, builders.make_citizen(database, clock)) for _ in bins
    ]
    port = free_port()
    web = ServerProcess(
        ["python", "-m", "uvicorn", "--factory", "backend.app:create_app", "--host", "127.0.0.1",
         "--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", "5"],
        log=tmp_path / "web.log",
        env={"DATABASE_URL": database_url},
    )  # fmt: skip

    with web:
        web.wait_until_answers(f"http://127.0.0.1:{port}/health/live", timeout_s=60)
        stream = _open_stream(port, tokens[0])
        numbers = itertools.count()
        phones = [
            Phone(f"http://127.0.0.1:{port}", token, terminal, numbers)
            for token, terminal in zip(tokens, bins, strict=True)
        ]
        for phone in phones:
            phone.start()
        wait_for(
            lambda: sum(len(phone.acknowledged) for phone in phones) > 5 * WRITERS,
            what="claims are acknowledged",
        )
        started = time.monotonic()
        status = web.stop(timeout_s=DRAIN_S)
        took_s = time.monotonic() - started
        stream.close()
        for phone in phones:
            phone.join(DRAIN_S)

    acknowledged = {claim for phone in phones for claim in phone.acknowledged}
    with database.reading() as session:
        stored = set(session.exec(select(Claim.public_id)).all())
    database.dispose()
    assert status in (0, -15), web.output()
    assert took_s < DRAIN_S
    assert acknowledged <= stored
