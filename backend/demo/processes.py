"""Child processes of the demo: start, wait until they answer, notice a crash, stop."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_S = 10.0
POLL_S = 0.05
LOG_LINES = 5


class DemoError(Exception):
    """The demo cannot go on; the message is one sentence for a person."""


@dataclass
class Child:
    """One running process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Children:
    """The processes of one demo run.

    Args:
        folder: Where each writes its log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[Child] = []
        folder.mkdir(parents=True, exist_ok=True)

    def start(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process in a session of its own, so that Ctrl-C reaches only us."""
        log = self._folder / f"{name}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                list(command),
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def check(self) -> None:
        """Make sure that everybody is alive.

        Raises:
            DemoError: One of them ended; says which, and the end of its log.
        """
        for child in self._children:
            if child.process.poll() is not None:
                tail = "\n".join(child.log.read_text(errors="replace").splitlines()[-LOG_LINES:])
                msg = (
                    f"{child.name} stopped with status {child.process.returncode}; "
                    f"the end of {child.log} says:\n{tail}"
                )
                raise DemoError(msg)

    def wait_for(self, what: str, is_true: Callable[[], bool], *, timeout_s: float) -> None:
        """Wait until a condition holds while everybody is alive.

        Raises:
            DemoError: It did not come true in time, or a process ended.
        """
        deadline_s = time.monotonic() + timeout_s
        while not is_true():
            self.check()
            if time.monotonic() > deadline_s:
                msg = f"Waited {timeout_s:.0f} s for {what}; it did not happen."
                raise DemoError(msg)
            time.sleep(POLL_S)

    def kill(self, name: str) -> None:
        """Kill a process at once, as a crash would."""
        for child in [c for c in self._children if c.name == name]:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
            self._children.remove(child)

    def stop(self) -> None:
        """Stop everybody, the last started first; whoever does not listen is killed."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                os.killpg(child.process.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + STOP_S
        for child in reversed(self._children):
            try:
                child.process.wait(max(0.1, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        self._children.clear()


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_or_fail(port: int, name: str) -> int:
    """Return the port if it is free.

    Raises:
        DemoError: Somebody listens there.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            msg = f"Port {port} for {name} is in use; stop what uses it or pass --port."
            raise DemoError(msg) from error
    return port


def answers_on(port: int) -> bool:
    """Tell whether something accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
