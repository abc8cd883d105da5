"""A terminal between screen, disk and server."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from backend.devices import codes, rules
from backend.devices.codes import DepositCode, SlotCode, TicketCode
from backend.kernel.errors import UnavailableError
from backend.kiosk.errors import NotEnrolledError, ServerRefusedError
from backend.kiosk.screen import DropGate
from backend.kiosk.terminal import Terminal, Trip, open_terminal
from tests.unit.kiosk.conftest import NOON, FakeLink, OpenStore, offline

Pair = tuple[Terminal, FakeLink]


def read(link: str) -> codes.Code:
    return codes.read(link).content


def test_enrols_itself_once(tmp_path: Path, open_store: OpenStore) -> None:
    store, link = open_store(tmp_path), FakeLink("kiosk")

    open_terminal(store, link, key=store.key(), enrolment_code="ABCD")
    open_terminal(store, link, key=store.key(), enrolment_code=None)

    assert link.enrolled == [("ABCD", store.key().public_key().public_bytes_raw().hex())]


def test_does_not_start_without_identity_and_code(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(tmp_path)

    with pytest.raises(NotEnrolledError):
        open_terminal(store, FakeLink("kiosk"), key=store.key(), enrolment_code=None)


def test_does_not_pretend_to_be_enrolled_when_the_server_is_away(
    tmp_path: Path, open_store: OpenStore
) -> None:
    store, link = open_store(tmp_path), FakeLink("kiosk")
    link.error = offline()

    with pytest.raises(UnavailableError):
        open_terminal(store, link, key=store.key(), enrolment_code="ABCD")

    assert store.identity() is None


def test_shows_one_code_per_slot_until_it_is_used(kiosk: Pair) -> None:
    terminal, link = kiosk
    first = terminal.shown()
    link.at += timedelta(seconds=29)
    assert terminal.shown() == first

    link.at += timedelta(seconds=1)
    second = terminal.shown()

    assert first is not None
    assert second is not None
    assert read(first.url) == SlotCode(12, codes.slot_of(NOON), 0, NOON)
    assert second.slot == first.slot + 1
    assert second.ends_at == NOON + timedelta(seconds=60)


def test_shows_the_next_code_at_once_after_a_use(kiosk: Pair) -> None:
    terminal, link = kiosk
    link.used[codes.slot_of(NOON)] = 0

    terminal.step()

    shown = terminal.shown()
    assert shown is not None
    assert shown.seq == 1


def test_shows_no_code_beyond_the_capacity_of_a_slot(kiosk: Pair) -> None:
    terminal, link = kiosk
    link.used[codes.slot_of(NOON)] = 1
    terminal.step()
    assert terminal.shown() is None

    link.at += timedelta(seconds=30)

    assert terminal.shown() is not None


def test_announces_what_it_shows_so_that_it_can_be_typed(kiosk: Pair) -> None:
    terminal, link = kiosk
    shown = terminal.shown()
    assert shown is not None
    assert terminal.short_of(shown) is None

    terminal.step()

    assert terminal.short_of(shown) == rules.short_code(shown.token)
    assert link.beats[0][0] == shown.token
    link.at += timedelta(seconds=30)
    following = terminal.shown()
    assert following is not None
    assert following.token == link.beats[0][1]


def test_does_not_announce_the_same_codes_twice(kiosk: Pair) -> None:
    terminal, link = kiosk

    terminal.step()
    terminal.step()
    assert len(link.beats) == 1

    link.at += timedelta(seconds=20)
    terminal.step()
    assert len(link.beats) == 2


def test_goes_on_without_the_server(kiosk: Pair) -> None:
    terminal, link = kiosk
    terminal.step()
    assert terminal.is_online()
    link.error = offline()

    link.at += timedelta(seconds=31)
    terminal.step()

    shown = terminal.shown()
    assert not terminal.is_online()
    assert terminal.refusal() is None
    assert shown is not None
    assert shown.seq == 0
    assert terminal.short_of(shown) is None


def test_tells_when_it_was_revoked_and_when_it_is_well_again(kiosk: Pair) -> None:
    terminal, link = kiosk
    link.error = ServerRefusedError("device_revoked", "Device 12 is revoked.")
    terminal.step()
    assert terminal.refusal() == "device_revoked"

    link.error = None
    terminal.step()

    assert terminal.refusal() is None


def test_signs_deposits_under_counters_that_never_repeat(
    make_terminal: Callable[[str], Pair],
) -> None:
    terminal, link = make_terminal("bin")
    link.error = offline()

    found = [read(terminal.deposit(material="glass", count=2, mass_g=600)) for _ in range(3)]

    assert [code.counter for code in found if isinstance(code, DepositCode)] == [1, 2, 3]
    assert found[0] == DepositCode(12, 1, "glass", 2, 600, NOON)


def test_signs_tickets_under_serials_that_never_repeat(
    make_terminal: Callable[[str], Pair],
) -> None:
    terminal, _ = make_terminal("operator")

    first, second = (read(terminal.ticket(Trip("tram", 4200, 1080))) for _ in range(2))

    assert isinstance(first, TicketCode)
    assert isinstance(second, TicketCode)
    assert first.serial != second.serial
    assert (first.ended_at, first.ended_at - first.started_at) == (NOON, timedelta(minutes=18))


def test_a_bin_announces_itself_without_codes(make_terminal: Callable[[str], Pair]) -> None:
    terminal, link = make_terminal("bin")

    terminal.step()

    assert link.beats == [()]


def test_stops_when_it_is_told_to(kiosk: Pair) -> None:
    terminal, link = kiosk
    stop = threading.Event()
    thread = threading.Thread(target=terminal.run, args=(stop,))

    thread.start()
    stop.set()
    thread.join(timeout=5)

    assert not thread.is_alive()
    assert len(link.beats) <= 1


@pytest.fixture
def gated(tmp_path: Path, open_store: OpenStore) -> Pair:
    store, link = open_store(tmp_path), FakeLink("kiosk")
    gate = DropGate()
    return open_terminal(store, link, key=store.key(), enrolment_code="ABCD", gate=gate), link


def test_a_gate_opens_one_code_per_object(gated: Pair) -> None:
    terminal, link = gated
    assert terminal.shown() is None

    terminal.drop()
    first = terminal.shown()
    link.used[codes.slot_of(NOON)] = 0
    terminal.step()

    assert first is not None
    assert first.seq == 0
    assert terminal.shown() is None
    terminal.drop()
    second = terminal.shown()
    assert second is not None
    assert second.seq == 1


def test_an_object_that_falls_late_opens_the_next_slot_only(gated: Pair) -> None:
    terminal, link = gated
    link.at = NOON + timedelta(seconds=22)
    terminal.drop()
    assert terminal.shown() is None

    link.at = NOON + timedelta(seconds=30)
    assert terminal.shown() is not None

    link.at = NOON + timedelta(seconds=60)
    assert terminal.shown() is None


def test_a_gated_kiosk_announces_no_code_before_its_object(gated: Pair) -> None:
    terminal, link = gated

    terminal.step()
    terminal.drop()
    terminal.step()

    shown = terminal.shown()
    assert shown is not None
    assert link.beats == [(), (shown.token,)]


def test_without_a_gate_a_drop_changes_nothing(kiosk: Pair) -> None:
    terminal, _ = kiosk
    before = terminal.shown()

    terminal.drop()

    assert terminal.shown() == before


def test_a_gate_shuts_after_three_refused_objects_and_forgets(gated: Pair) -> None:
    terminal, link = gated
    for _ in range(3):
        terminal.refuse()

    terminal.drop()
    assert terminal.shown() is None
    link.at += timedelta(minutes=5)
    terminal.drop()
    assert terminal.shown() is not None
