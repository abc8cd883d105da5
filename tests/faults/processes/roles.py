"""What a forked process becomes: the entry points of production, armed when CRASH_AT says so."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from uvicorn.main import main as uvicorn_main

import backend.app  # noqa: F401 - here, so that no child has to
from backend import cli
from backend.chain import node, roster
from backend.jobs import runner, wallet_client
from backend.jobs.steps import fill, replace, send
from backend.kernel import clock
from backend.market import spends
from tests.faults.processes import dying
from wallet_service import cli as wallet_cli
from wallet_service import clock as wallet_clock

HURRY = 10
"""Patience that waits for blocks of seconds is divided by this: here they come every 0.15 s."""


def jobs() -> int:
    """Run the jobs runner."""
    hurry()
    dying.arm_jobs(os.environ.get(dying.CRASH_AT, ""))
    return runner.main()


def web() -> int:
    """Run the web process as the demo and the documentation start it."""
    dying.arm_web(os.environ.get(dying.CRASH_AT, ""))
    arguments = [
        *("--factory", "backend.app:create_app", "--host", "127.0.0.1"),
        *("--port", os.environ["WEB_PORT"], "--log-level", "warning"),
        *("--timeout-graceful-shutdown", "5"),
    ]
    uvicorn_main.main(arguments, standalone_mode=False)
    return 0


def wallet() -> int:
    """Run a wallet service."""
    return wallet_cli.main([])


def wallet_init() -> int:
    """Make the keys of a wallet service."""
    return wallet_cli.main(["init"])


def command() -> int:
    """Run a command of the project."""
    cli.app(json.loads(os.environ["ARGUMENTS"]))
    return 0


def shift_clock() -> None:
    """Put the clock of this process forward by SHIFT_S seconds."""
    shift = timedelta(seconds=int(os.environ.get("SHIFT_S", "0")))

    def now(_clock: object) -> datetime:
        return datetime.now(UTC) + shift

    if shift:
        for module in (clock, wallet_clock):
            # For the whole life of the process, so nothing is ever patched back.
            patch.object(module.SystemClock, "now", now).start()


def hurry() -> None:
    """Divide every patience of the runner that is measured in blocks or failures."""
    for module, name in (
        (send, "RESEND_AFTER"),
        (fill, "FILL_AFTER"),
        (replace, "REPLACE_AFTER"),
        (spends, "RETRY_AFTER"),
    ):
        patience: timedelta = getattr(module, name)
        setattr(module, name, patience / HURRY)
    for where, what in (
        (node, "TIMEOUT_S"),
        (wallet_client, "TIMEOUT_S"),
        (roster, "FIRST_PAUSE_S"),
        (roster, "MAX_PAUSE_S"),
        (roster, "STALL_S"),
        (runner, "MAX_PAUSE_S"),
    ):
        setattr(where, what, max(getattr(where, what) / HURRY, 0.1))
    _quicken_steps()


def _quicken_steps() -> None:
    ordinary = runner.steps

    def quick() -> list[runner.Step]:
        found = ordinary()
        for step in found:
            if QUICK_S[0] < step.every_s <= QUICK_S[1]:
                step.every_s = max(step.every_s / HURRY, QUICK_S[0])
        return found

    runner.steps = quick


QUICK_S = (0.25, 5.0)
"""Faster steps need not hurry; those that run more seldom keep books."""
ROLES: Mapping[str, Callable[[], int]] = {
    "jobs": jobs,
    "web": web,
    "wallet": wallet,
    "wallet-init": wallet_init,
    "command": command,
}
