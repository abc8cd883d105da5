"""Starts the real processes in a few milliseconds: it has imported their code once, and forks.

Each child runs the same entry point as in production (`roles`). It is a process of its own with
its own memory, files and signals; SIGKILL ends it as it ends any other.

    python -m tests.faults.processes.nursery    reads orders on stdin, tells ends on stdout
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.processes.roles import ROLES, shift_clock
from tests.support.processes import ROOT
from tests.support.waiting import wait_for

POLL_S = 0.01
READY_S = 240
"""Importing everything takes eight seconds of CPU, and a crowded machine has little to give."""


def main() -> None:
    """Fork what is ordered until stdin ends, and kill what is left then."""
    gc.freeze()
    children: set[int] = set()
    try:
        _tell({"ready": True})
        while _obey(children):
            _tell_ends(children)
    except BrokenPipeError:
        # Whoever gave the orders is gone without a word.
        pass
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _obey(children: set[int]) -> bool:
    """Fork what is ordered now; False when no more orders will come."""
    readable, _, _ = select.select([sys.stdin], [], [], POLL_S)
    if not readable:
        return True
    line = sys.stdin.readline()
    if not line:
        return False
    order = json.loads(line)
    pid = _fork(order)
    children.add(pid)
    _tell({"ticket": order["ticket"], "pid": pid})
    return True


def _fork(order: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _become(order["log"], order["env"])
        shift_clock()
        status = ROLES[order["role"]]()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a child must never return into the parent's loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _become(log: str, env: Mapping[str, str]) -> None:
    os.setsid()
    os.environ.update(env)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _tell_ends(children: set[int]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            _tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Child:
    """One process that the nursery started.

    Attributes:
        status: Exit status, negative for a signal; `None` while it runs.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens to one that has ended."""
        if self.status is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait(self, timeout_s: float = 10.0) -> int:
        """Wait for its end and return its exit status."""
        wait_for(
            lambda: self.status is not None,
            what=f"{self.pid} ends",
            timeout_s=timeout_s,
            every_s=0.01,
        )
        assert self.status is not None
        return self.status


class Nursery:
    """The parent's side: orders children and hears of their ends."""

    def __init__(self, log: Path) -> None:
        self._children: dict[int, Child] = {}
        self._tickets: dict[int, Child] = {}
        self._ordered = 0
        self._changed = threading.Condition()
        self._is_ready = self._is_over = False
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.processes.nursery"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, role: str, *, env: Mapping[str, str], log: Path) -> Child:
        """Start a process of a role."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready or self._is_over, timeout=READY_S)
            assert self._is_ready, self._log.read_text()
            self._ordered += 1
            ticket = self._ordered
            order = {"ticket": ticket, "role": role, "env": dict(env), "log": str(log)}
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            assert self._changed.wait_for(lambda: ticket in self._tickets, timeout=10)
            return self._tickets.pop(ticket)

    def close(self) -> None:
        """End the nursery and every child that still runs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(10)
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            with self._changed:
                if "ready" in told:
                    self._is_ready = True
                elif "ticket" in told:
                    child = self._children[told["pid"]] = Child(told["pid"])
                    self._tickets[told["ticket"]] = child
                else:
                    self._children.pop(told["pid"]).status = told["status"]
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


if __name__ == "__main__":
    main()
