"""Keys at rest: the KEK file, sealing under it, and the derivation of account keys.

One random *root* per store, sealed under the KEK, is the parent of every account key and of the
key that seals account salts. A KEK can therefore be rotated without moving an address, and a
salt sealed for the backend's copy stays readable afterwards (docs/wallet.md).
"""

import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from coincurve import PublicKey
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wallet_service.errors import StartupError
from wallet_service.hashing import ADDRESS_BYTES, keccak

KEY_BYTES = 32
SALT_BYTES = 32
_NONCE_BYTES = 12
_KEK_ID_BYTES = 4
_VERSION = b"\x01"
_WIDE_BYTES = 48
"""Bytes reduced modulo the curve order: 128 more bits than it has, so the bias is below 2^-128.

Source: RFC 9380, section 5.1 (hash_to_field)."""
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1. Source: SEC 2, section 2.4.1."""


class KeystoreCorruptError(StartupError):
    """A sealed record does not open: wrong KEK, wrong place, or changed bytes."""


@dataclass(frozen=True)
class KekRing:
    """The key-encryption keys of one KEK file; new seals use `current`.

    Two keys are present only while a rotation runs, so that a crash in the middle loses nothing.
    """

    current: bytes
    keys: dict[bytes, bytes]

    @classmethod
    def fresh(cls) -> "KekRing":
        """Make a ring of one new random key."""
        kek_id = secrets.token_bytes(_KEK_ID_BYTES)
        return cls(kek_id, {kek_id: secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def read(cls, path: Path) -> "KekRing":
        """Read a KEK file.

        Raises:
            StartupError: Missing, readable by others, or not a KEK file.
        """
        try:
            mode = path.stat().st_mode
            if stat.S_IMODE(mode) & 0o077:
                raise StartupError(f"{path} can be read by others: run `chmod 600 {path}`.")
            stored = json.loads(path.read_text())
            keys = {bytes.fromhex(key): bytes.fromhex(kek) for key, kek in stored["keys"].items()}
            ring = cls(bytes.fromhex(stored["current"]), keys)
        except FileNotFoundError:
            raise StartupError(
                f"No KEK file at {path}: run `python -m wallet_service init`."
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StartupError(f"{path} is not a readable KEK file.") from error
        if ring.current not in keys or any(len(kek) != KEY_BYTES for kek in keys.values()):
            raise StartupError(f"{path} is not a complete KEK file.")
        return ring

    def write(self, path: Path) -> None:
        """Write the file so that it is old or new, never half, and only the owner reads it."""
        stored = {
            "current": self.current.hex(),
            "keys": {kek_id.hex(): kek.hex() for kek_id, kek in self.keys.items()},
        }
        scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(json.dumps(stored))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def with_new_key(self) -> "KekRing":
        """Return a ring whose current key is new and that still opens older seals."""
        fresh = KekRing.fresh()
        return KekRing(fresh.current, {**self.keys, **fresh.keys})

    def only_current(self) -> "KekRing":
        """Return a ring that has forgotten every older key."""
        return KekRing(self.current, {self.current: self.keys[self.current]})

    def seal(self, secret: bytes, *, place: str) -> bytes:
        """Encrypt a secret for one place, so that it cannot be moved to another record."""
        return _VERSION + self.current + _encrypt(self.keys[self.current], secret, place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` made for this place.

        Raises:
            KeystoreCorruptError: The KEK is not in the ring, or the bytes or place changed.
        """
        header = len(_VERSION)
        kek_id = sealed[header : header + _KEK_ID_BYTES]
        if sealed[:header] != _VERSION or kek_id not in self.keys:
            raise KeystoreCorruptError(f"{place} is sealed under a KEK that this file lacks.")
        return _decrypt(self.keys[kek_id], sealed[header + _KEK_ID_BYTES :], place)


class AccountVault:
    """Derives account keys from the root and one sealed salt per address."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._record_key = _derive(root, b"", b"calanque/record-seal/v1", KEY_BYTES)
        self._erasure_key = _derive(root, b"", b"calanque/erasure/v1", KEY_BYTES)

    def seal(self, record: bytes, *, place: str) -> bytes:
        """Encrypt a record of this store for one place; it survives a rotation of the KEK."""
        return _VERSION + _encrypt(self._record_key, record, place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Decrypt what `seal` made for this place.

        Raises:
            KeystoreCorruptError: Made by another store, for another place, or changed.
        """
        if sealed[:1] != _VERSION:
            raise KeystoreCorruptError(f"the record of {place} has an unknown form")
        return _decrypt(self._record_key, sealed[1:], place)

    def new_salt(self, *, place: str) -> bytes:
        """Draw a salt and return it sealed for this place."""
        return self.seal(secrets.token_bytes(SALT_BYTES), place=place)

    def account_secret(self, sealed_salt: bytes, *, place: str) -> bytes:
        """Derive the 32-byte private key of one address.

        Raises:
            KeystoreCorruptError: The salt was not sealed by this store for this place.
        """
        salt = self.open(sealed_salt, place=place)
        wide = _derive(self._root, salt, b"calanque/account-key/v1", _WIDE_BYTES)
        return (int.from_bytes(wide, "big") % (CURVE_ORDER - 1) + 1).to_bytes(KEY_BYTES, "big")

    def sealing_secret(self) -> bytes:
        """Derive the X25519 private key that PIN proofs are sealed to."""
        return _derive(self._root, b"", b"calanque/pin-seal/v1", KEY_BYTES)

    def tombstone(self, account_ref: str) -> bytes:
        """Name an erased account so that only this store can recognise it again."""
        return _derive(self._erasure_key, b"", account_ref.encode(), KEY_BYTES)


def new_secret() -> bytes:
    """Draw a random private key, uniformly."""
    return (secrets.randbelow(CURVE_ORDER - 1) + 1).to_bytes(KEY_BYTES, "big")


def address_of_secret(secret: bytes) -> bytes:
    """Return the 20-byte address of a private key."""
    return address_of_point(PublicKey.from_valid_secret(secret).format(compressed=False))


def address_of_point(uncompressed: bytes) -> bytes:
    """Return the 20-byte address of an uncompressed public key (0x04 ‖ X ‖ Y)."""
    return keccak(uncompressed[1:])[-ADDRESS_BYTES:]


def _derive(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=size, salt=salt or None, info=info).derive(secret)


def _encrypt(key: bytes, secret: bytes, place: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, place.encode())


def _decrypt(key: bytes, sealed: bytes, place: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise KeystoreCorruptError(f"the sealed record of {place} does not open") from error
