"""The terminal's folder: key, identity, counter."""

import os
from pathlib import Path

import pytest

from backend.kiosk.errors import FolderBusyError, FolderInvalidError, KeyFileUnsafeError
from backend.kiosk.store import Identity
from tests.unit.kiosk.conftest import OpenStore

IDENTITY = Identity(12, "bin", "Bac 12", "Point tri", "Aubagne", ("glass",), 6, "http://h")


def test_makes_one_key_that_only_its_owner_may_read(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(tmp_path / "box")

    key = store.key()

    assert store.key().private_bytes_raw() == key.private_bytes_raw()
    assert (tmp_path / "box" / "device.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "box").stat().st_mode & 0o777 == 0o700


def test_refuses_a_key_that_others_may_read(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(tmp_path)
    store.key()
    (tmp_path / "device.key").chmod(0o640)

    with pytest.raises(KeyFileUnsafeError):
        store.key()


def test_refuses_a_damaged_key(tmp_path: Path, open_store: OpenStore) -> None:
    (tmp_path / "device.key").write_text("no hex")
    (tmp_path / "device.key").chmod(0o600)

    with pytest.raises(FolderInvalidError):
        open_store(tmp_path).key()


def test_remembers_who_it_is(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(tmp_path)
    assert store.identity() is None

    store.remember(IDENTITY)

    assert store.identity() == IDENTITY


@pytest.mark.parametrize("text", ["{", "[]", '{"number": 1}', '{"materials": []}'])
def test_refuses_a_damaged_identity(tmp_path: Path, open_store: OpenStore, text: str) -> None:
    (tmp_path / "device.json").write_text(text)

    with pytest.raises(FolderInvalidError):
        open_store(tmp_path).identity()


def test_counts_on_after_a_restart(tmp_path: Path, open_store: OpenStore) -> None:
    first = open_store(tmp_path)
    assert [first.next_counter(), first.next_counter()] == [1, 2]
    first.close()

    assert open_store(tmp_path).next_counter() == 3


def test_refuses_to_guess_a_damaged_counter(tmp_path: Path, open_store: OpenStore) -> None:
    (tmp_path / "counter").write_text("")

    with pytest.raises(FolderInvalidError):
        open_store(tmp_path).next_counter()


def test_a_crash_while_writing_leaves_the_former_counter(
    tmp_path: Path, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path)
    store.next_counter()

    def crash(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        store.next_counter()
    monkeypatch.undo()

    assert store.next_counter() == 2


def test_two_processes_cannot_share_a_folder(tmp_path: Path, open_store: OpenStore) -> None:
    store = open_store(tmp_path)

    with pytest.raises(FolderBusyError):
        open_store(tmp_path)
    store.close()

    open_store(tmp_path).close()
