import contextlib
import signal
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import ROOT, ServerProcess
from tests.support.waiting import wait_for

CALANQUE = str(ROOT / ".venv/bin/calanque")
# Three times what the journey takes on two idle cores; set-up and compilation come before.
JOURNEY_S = 360
CHAPTERS = (
    "“en attente” after",
    "scanning twice pays once",
    "Scan to confirmed in",
    "The operator's ticket is worth points too: tx 0x",
    "Luc approves it; published on chain: tx 0x",
    "points are burned for",
    "Alix admits it; registered on chain: tx 0x",
    "(5 → 4 left) and pays: it is his",
    "The tyre, proved by PIN: tx 0x",
    "all of it, 2 points back: tx 0x",
    "a part, 6 points back: tx 0x",
    "points burned for 1.90 euro: tx 0x",
    "two transfers paid, the association's account is closed (AC04)",
    "Points burned × rate = euro paid out = 2.50 euro",
    "Inès downloads her statement, 7 lines, equal to the payout:",
    "paid at the new amount: tx 0x",
    "Ledger, running balances and chain agree",
    "Every step was verified in database and chain.",
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: the path of a Unix socket has room for 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="cal-", dir="/tmp") as name:
        yield Path(name)


def test_one_command_plays_the_whole_journey_on_each_database(
    folder: Path, database_url: str
) -> None:
    port = free_port()
    command = [CALANQUE, "demo", "--once", "--port", str(port), "--folder", str(folder / "demo")]
    demo = ServerProcess(command, log=folder / "log", env={"DATABASE_URL": database_url})

    with demo:
        status = demo.wait(timeout_s=JOURNEY_S)

    story = demo.output()
    assert status == 0, story
    assert [chapter for chapter in CHAPTERS if chapter not in story] == [], story


def test_a_port_in_use_is_said_in_one_sentence(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [CALANQUE, "demo", "--port", str(port), "--folder", str(folder / "demo")]
        demo = ServerProcess(command, log=folder / "log")

        with demo:
            status = demo.wait(timeout_s=60)

    assert status == 1
    assert f"Port {port}" in demo.output()
    assert "Traceback" not in demo.output()


def _processes_of(folder: Path) -> list[str]:
    # `ps` is not on every Debian, /proc not on macOS.
    if Path("/proc/self/cmdline").exists():
        lines = []
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):  # It may end while we look.
                lines.append(command.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    else:
        listed = subprocess.run(
            ["ps", "-axo", "command"], capture_output=True, text=True, check=True
        )
        lines = listed.stdout.splitlines()
    return [line for line in lines if str(folder) in line]


def test_control_c_ends_every_process(folder: Path, postgresql_url: str) -> None:
    port = free_port()
    command = [CALANQUE, "demo", "--port", str(port), "--folder", str(folder / "demo")]
    demo = ServerProcess(command, log=folder / "log", env={"DATABASE_URL": postgresql_url})

    with demo:
        demo.wait_until_answers(f"http://127.0.0.1:{port}/health", timeout_s=240)
        demo.send_signal(signal.SIGINT)
        status = demo.wait(timeout_s=60)

    assert status == 0, demo.output()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
    wait_for(lambda: not _processes_of(folder), what="all processes are gone", timeout_s=10)
