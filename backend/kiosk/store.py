"""What a terminal keeps on its disk: its key (0600), its identity, its counter."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.kiosk.errors import FolderBusyError, FolderInvalidError, KeyFileUnsafeError

_OWNER_ONLY = 0o600
_OTHERS = 0o077
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the terminal is, as the server told it at enrolment.

    Attributes:
        number: Device number.
        kind: kiosk, bin, counter or operator.
        name: Name of the device.
        station_name: Where it stands; its own name when it stands nowhere.
        commune_name: Commune of the station, or empty.
        materials: What its station takes; the first is the main one.
        capacity_per_slot: Most slot codes within 30 s.
        public_url: Start of the links in its QR codes.
    """

    number: int
    kind: str
    name: str
    station_name: str
    commune_name: str
    materials: tuple[str, ...]
    capacity_per_slot: int
    public_url: str


class Store:
    """The terminal's folder; one process at a time has it.

    Args:
        folder: Created with access for its owner only when it is missing.

    Raises:
        FolderBusyError: Another process has it; two would repeat counters.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._key = folder / "device.key"
        self._next = folder / "next.key"
        self._identity = folder / "device.json"
        self._counter = folder / "counter"
        # The lock ends with the process, however it ends.
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise FolderBusyError(str(folder)) from error

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.close()

    def key(self) -> Ed25519PrivateKey:
        """Return the terminal's key; the first call makes it.

        Raises:
            KeyFileUnsafeError: Others may read the file.
            FolderInvalidError: The file holds no key.
        """
        if not self._key.exists():
            self._write_new_key(self._key)
        return _key_in(self._key)

    def next_key(self) -> Ed25519PrivateKey:
        """Return the key that shall follow; it is on disk before the server hears of it.

        A crash between the two leaves both files; the next try shows the server the same key.
        """
        if not self._next.exists():
            self._write_new_key(self._next)
        return _key_in(self._next)

    def take_next_key(self) -> None:
        """Make the next key the key, once the server has it."""
        self._next.replace(self._key)

    def identity(self) -> Identity | None:
        """Return who the terminal is, `None` before its enrolment.

        Raises:
            FolderInvalidError: The file is damaged.
        """
        if not self._identity.exists():
            return None
        try:
            told = json.loads(self._identity.read_text())
            return Identity(**(told | {"materials": tuple(told["materials"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise FolderInvalidError(str(self._identity)) from error

    def remember(self, identity: Identity) -> None:
        """Store who the terminal is."""
        _replace(self._identity, json.dumps(asdict(identity), ensure_ascii=False, indent=1))

    def next_counter(self) -> int:
        """Return the next counter, from 1; it is on disk before it is returned.

        A crash between here and the signature loses a number, which is harmless; the
        other order could sign one number twice.

        Raises:
            FolderInvalidError: The file is damaged.
        """
        try:
            following = (int(self._counter.read_text()) if self._counter.exists() else 0) + 1
        except ValueError as error:
            raise FolderInvalidError(str(self._counter)) from error
        _replace(self._counter, str(following))
        return following

    def _write_new_key(self, path: Path) -> None:
        seed = os.urandom(_SEED_BYTES).hex()
        # O_EXCL: two processes on one folder must not each believe in a key of their own.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w") as file:
            file.write(seed)
            file.flush()
            os.fsync(file.fileno())


def _key_in(path: Path) -> Ed25519PrivateKey:
    if path.stat().st_mode & _OTHERS:
        raise KeyFileUnsafeError(str(path))
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError as error:
        raise FolderInvalidError(str(path)) from error


def _replace(path: Path, text: str) -> None:
    """Write a whole file or leave the former one: never half of it."""
    draft = path.with_suffix(".draft")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
