"""Starting, watching and ending the processes under test."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[2]


class ServerProcess:
    """One child process with its output in a file; ends with the `with` block.

    Args:
        command: Program and arguments; "python" stands for the interpreter of the tests.
        log: File that receives standard output and error together.
        env: Variables added to ours.
    """

    def __init__(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self._command = [sys.executable if command[0] == "python" else command[0], *command[1:]]
        self._env = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process in its own group, so that its children end with it."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """The number of the running process."""
        return self._running().pid

    @property
    def exit_status(self) -> int | None:
        """The exit status, or None while it runs."""
        return self._running().poll()

    def wait_until_answers(self, url: str, *, timeout_s: float = 20.0) -> None:
        """Wait for any HTTP answer at `url`; an early end of the process shows its output."""

        def answers() -> bool:
            if self.exit_status is not None:
                raise AssertionError(f"{self._command} ended early:\n{self.output()}")
            try:
                with urllib.request.urlopen(url, timeout=2):
                    return True
            except urllib.error.HTTPError as error:
                error.close()
                return True

        wait_for(answers, what=f"{url} answers", timeout_s=timeout_s)

    def wait(self, *, timeout_s: float = 60.0) -> int:
        """Wait for the end of the process and return its exit status."""
        return self._running().wait(timeout=timeout_s)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._running().wait(timeout=10)

    def stop(self, *, timeout_s: float = 15.0) -> int:
        """Ask it to end, insist after `timeout_s`; return the exit status."""
        self._signal(signal.SIGTERM)
        try:
            return self._running().wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def send_signal(self, number: signal.Signals) -> None:
        """Send one signal to the process alone, as a terminal or a supervisor does."""
        self._running().send_signal(number)

    def output(self) -> str:
        """Return everything it has written so far."""
        return self.log.read_text(errors="replace")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError("the process was not started")
        return self._process

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._running().pid, number)
        except ProcessLookupError:
            return

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
