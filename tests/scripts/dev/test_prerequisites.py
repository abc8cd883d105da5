import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.code import ROOT

SCRIPT = ROOT / "scripts/dev/prerequisites.sh"
SYSTEM_TOOLS = ("sh", "env", "dirname", "cat")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH with a shell and nothing that the project needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in SYSTEM_TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def _install(machine: Path, name: str, script: str) -> None:
    path = machine / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _run(machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "PATH": str(machine), "SYSTEM_PYTHON": f"{machine}/of-the-distribution"
    }  # fmt: skip
    return subprocess.run(
        [SCRIPT], env=environment, capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_each_missing_program_is_named_in_one_sentence(machine: Path) -> None:
    result = _run(machine)

    assert result.returncode == 1
    sentences = result.stderr.strip().splitlines()
    assert [line.split(" is missing: ")[0] for line in sentences] == [
        "calanque: Python 3.11 or later",
        "calanque: Node.js 20 or later",
        "calanque: git",
    ]
    assert result.stdout == ""


def test_an_old_node_is_named_with_its_version(machine: Path) -> None:
    _install(machine, "python3", 'echo "$0"')
    _install(machine, "git", "exit 0")
    _install(machine, "npm", "exit 0")
    _install(machine, "node", 'if [ "$1" = --version ]; then echo v18.1.0; else exit 1; fi')

    result = _run(machine)

    assert result.returncode == 1
    assert result.stderr.startswith("calanque: Node.js is v18.1.0 and must be 20 or later")


def test_a_version_managers_dead_shim_is_passed_over(machine: Path) -> None:
    _install(machine, "python3.11", "echo 'no such version' >&2; exit 127")
    _install(machine, "python3.12", 'echo "$0"')
    for name in ("git", "npm", "node"):
        _install(machine, name, "exit 0")

    result = _run(machine)

    assert result.returncode == 0
    assert result.stdout == f"{machine}/python3.12\n"
    assert result.stderr == ""


def test_the_python_of_the_distribution_comes_first(machine: Path) -> None:
    _install(machine, "of-the-distribution", 'echo "$0"')
    _install(machine, "python3.11", 'echo "$0"')
    for name in ("git", "npm", "node"):
        _install(machine, name, "exit 0")

    assert _run(machine).stdout == f"{machine}/of-the-distribution\n"
