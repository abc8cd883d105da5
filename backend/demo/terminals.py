"""Terminals of the demo that act on demand: a connected bin and a transport operator."""

import subprocess
import sys

from backend.demo.processes import DemoError
from backend.demo.stack import ROOT, Stack
from backend.devices.rules import DeviceKind


def deposit_url(stack: Stack, *, material: str, count: int, mass_g: int) -> str:
    """Let the bin take a deposit; return the link of its code."""
    return _terminal(
        stack,
        DeviceKind.BIN,
        ("--material", material, "--count", str(count), "--mass-g", str(mass_g)),
    )


def ticket_url(stack: Stack, *, mode: str, distance_m: int) -> str:
    """Let the operator sign a trip; return the link of its code."""
    return _terminal(stack, DeviceKind.OPERATOR, ("--mode", mode, "--distance-m", str(distance_m)))


def _terminal(stack: Stack, kind: DeviceKind, arguments: tuple[str, ...]) -> str:
    terminal = next(terminal for terminal in stack.terminals if terminal.kind == kind)
    done = subprocess.run(  # noqa: S603 - our own program
        [
            *(
                sys.executable,
                "-m",
                "backend.cli_device",
                kind.value,
                "--folder",
                str(stack.folder / kind.value),
            ),
            *("--server", stack.settings.public_url, "--code", terminal.enrolment_code),
            *arguments,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        msg = f"The {kind.value} could not sign: {done.stderr.strip() or done.stdout.strip()}"
        raise DemoError(msg)
    return done.stdout.strip().splitlines()[-1]
