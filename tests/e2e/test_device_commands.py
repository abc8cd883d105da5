"""`calanque device …` against a served town: enrol, sign, rotate, and rotate after a crash."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from backend.devices import codes, queries, service
from backend.devices.rules import DeviceKind
from backend.devices.service import NewDevice
from backend.territory.models import Station
from tests.support.browser import ROOT
from tests.support.clock import FrozenClock
from tests.support.serving import served
from tests.support.town import Town


@pytest.fixture
def town(sqlite_url: str, tmp_path: Path) -> Town:
    """A town at the present time: its terminals have real clocks."""
    return Town(sqlite_url, FrozenClock(datetime.now(UTC)), tmp_path / "mail")


@pytest.fixture
def street(town: Town) -> Iterator[str]:
    """The town's address."""
    with served(town.app) as url:
        yield url


def play(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend.cli_device", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Machine:
    """A bin that is worked from the command line."""

    def __init__(self, town: Town, street: str, folder: Path) -> None:
        self.town, self.street, self.folder = town, street, folder
        with town.database.transaction() as session:
            station = session.exec(select(Station)).one()
            device, self.code = service.create_pending(
                session, NewDevice(DeviceKind.BIN, "Bac 9", station.id), now=town.clock.now()
            )
            self.number = device.number

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        # The machine's clock runs, the town's stands still.
        self.town.clock.set(datetime.now(UTC))
        return play(words[0], "--folder", str(self.folder), "--server", self.street, *words[1:])

    def deposit(self, *more: str) -> codes.UnverifiedCode:
        done = self.run("bin", "--material", "glass", *more)
        assert done.returncode == 0, done.stderr
        return codes.read(done.stdout.strip())

    def verify(self, code: codes.UnverifiedCode) -> codes.Code:
        with self.town.database.reading() as session:
            return queries.verified(code, queries.need(session, self.number))


@pytest.fixture
def machine(town: Town, street: str, tmp_path: Path) -> Machine:
    return Machine(town, street, tmp_path / "bin")


def test_a_machine_gets_a_new_key_and_its_earlier_codes_stay_good(machine: Machine) -> None:
    before = machine.deposit("--code", machine.code)
    former = (machine.folder / "device.key").read_bytes()

    done = machine.run("rotate")
    after = machine.deposit()

    assert done.stdout == f"Device {machine.number} has a new key.\n"
    assert machine.verify(before).device == machine.verify(after).device == machine.number
    assert (machine.folder / "device.key").read_bytes() != former


def test_a_crash_between_server_and_disk_does_not_lock_the_machine_out(machine: Machine) -> None:
    machine.deposit("--code", machine.code)
    key, following = machine.folder / "device.key", machine.folder / "next.key"
    former = key.read_bytes()
    assert machine.run("rotate").returncode == 0
    # As the disk is when the server has the next key and the machine dies before it knows.
    key.rename(following)
    key.write_bytes(former)
    key.chmod(0o600)

    done = machine.run("rotate")

    assert done.returncode == 0, done.stderr
    assert not following.exists()
    assert machine.verify(machine.deposit()).device == machine.number


def test_bins_under_load_have_every_deposit_stored(town: Town, street: str, tmp_path: Path) -> None:
    written = []
    with town.database.transaction() as session:
        station = session.exec(select(Station)).one()
        for number in range(3):
            new = NewDevice(DeviceKind.BIN, f"Bac {number}", station.id)
            written.append(service.create_pending(session, new, now=town.clock.now())[1])
    (tmp_path / "codes").write_text("\n".join(written))
    town.clock.set(datetime.now(UTC))

    done = play(
        *("load", "--folder", str(tmp_path / "bins"), "--server", street),
        *("--codes", str(tmp_path / "codes"), "--rate", "6", "--seconds", "2"),
    )

    assert done.returncode == 0, done.stderr
    assert "12 deposits in 2 s: pending 12" in done.stdout
    assert "p99" in done.stdout
