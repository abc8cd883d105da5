"""The PKCS#11 backend: service keys that never leave their token.

An HSM gives back r ‖ s and neither a low s nor a recovery id: both are made here.
Account keys stay in the keystore, since a derived key needs its parent in memory.
"""

import stat
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from wallet_service.errors import SignerFaultError, StartupError
from wallet_service.keystore import CURVE_ORDER, address_of_point
from wallet_service.signing.protocol import HALF_ORDER, Signature, Signer
from wallet_service.signing.transactions import recovered_address

_COMPONENT_BYTES = 32
_POINT_BYTES = 65
_CURVE = encode_named_curve_parameters("1.3.132.0.10")
"""secp256k1. Source: SEC 2, annex A (object identifier)."""


class Token:
    """A token of a PKCS#11 library, logged in; after a fault the next use logs in again.

    Args:
        module: Library of the HSM's vendor.
        label: Label of the token.
        pin: PIN of its user.
    Raises:
        StartupError: No such library or token, or a wrong PIN.
    """

    def __init__(self, module: Path, *, label: str, pin: str) -> None:
        self._label = label
        self._pin = pin
        self._session: pkcs11.Session | None = None
        # A PKCS#11 session does one operation at a time.
        self._turn = Lock()
        try:
            self._library = pkcs11.lib(str(module))
            self._open()
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise StartupError(
                f"Token {label!r} of {module} cannot be opened: {type(error).__name__}."
            ) from error

    def signer(self, label: str) -> Signer | None:
        """Return the signer of a key of this token; nothing when it holds no such key."""
        point = self._point(label)
        return None if point is None else TokenSigner(self, label, address_of_point(point))

    def make_key(self, label: str) -> Signer:
        """Make a key that cannot be extracted, and return its signer.

        Raises:
            StartupError: The label is taken, or the token refuses.
        """
        if self._point(label) is not None:
            raise StartupError(f"Token {self._label!r} already holds a key {label!r}.")
        try:
            parameters = self._open().create_domain_parameters(
                KeyType.EC, {Attribute.EC_PARAMS: _CURVE}, local=True
            )
            parameters.generate_keypair(
                store=True,
                label=label,
                mechanism_param=None,
                private_template={
                    Attribute.SENSITIVE: True,
                    Attribute.EXTRACTABLE: False,
                    Attribute.SIGN: True,
                },
            )
        except pkcs11.PKCS11Error as error:
            raise StartupError(
                f"Token {self._label!r} makes no key {label!r}: {type(error).__name__}."
            ) from error
        signer = self.signer(label)
        if signer is None:
            raise StartupError(f"Token {self._label!r} lost the key {label!r} it just made.")
        return signer

    def sign(self, label: str, digest: bytes) -> bytes:
        """Return r ‖ s over 32 bytes.

        Raises:
            SignerFaultError: The token is away or refuses; the next call logs in again.
        """
        with self._turn:
            try:
                key = self._open().get_key(
                    object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=label
                )
                return bytes(cast("pkcs11.SignMixin", key).sign(digest, mechanism=Mechanism.ECDSA))
            except pkcs11.PKCS11Error as error:
                self._session = None
                raise SignerFaultError(
                    f"The token does not sign with {label}: {type(error).__name__}."
                ) from error

    def close(self) -> None:
        """Log out."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> pkcs11.Session:
        if self._session is None:
            token = self._library.get_token(token_label=self._label)
            try:
                self._session = token.open(rw=True, user_pin=self._pin)
            except pkcs11.UserAlreadyLoggedIn:
                # The login belongs to the process: a lost session of ours still holds it.
                self._session = token.open(rw=True)
        return self._session

    def _point(self, label: str) -> bytes | None:
        try:
            key = self._open().get_key(
                object_class=ObjectClass.PUBLIC_KEY, key_type=KeyType.EC, label=label
            )
        except pkcs11.NoSuchKey:
            return None
        except pkcs11.PKCS11Error as error:
            raise StartupError(
                f"Token {self._label!r} does not show key {label!r}: {type(error).__name__}."
            ) from error
        if bytes(key[Attribute.EC_PARAMS]) != _CURVE:
            raise StartupError(f"Key {label!r} of the token is not on secp256k1.")
        # EC_POINT is an octet string around the point; some tokens give the bare point.
        return bytes(key[Attribute.EC_POINT])[-_POINT_BYTES:]


class TokenSigner:
    """One key of a token."""

    def __init__(self, token: Token, label: str, address: bytes) -> None:
        self._token = token
        self._label = label
        self._address = address

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""
        return self._address

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes as they are, with a low s and the parity that recovers to the key.

        Raises:
            SignerFaultError: The token is away, or neither parity recovers to the key.
        """
        packed = self._token.sign(self._label, digest)
        r = int.from_bytes(packed[:_COMPONENT_BYTES], "big")
        s = int.from_bytes(packed[_COMPONENT_BYTES:], "big")
        low = s if s <= HALF_ORDER else CURVE_ORDER - s
        for parity in (0, 1):
            signature = Signature(r, low, parity)
            if recovered_address(signature, digest) == self._address:
                return signature
        raise SignerFaultError("The token's signature is not one of its key; nothing was kept.")


def open_token(module: Path, *, label: str, pin_file: Path | None) -> Token:
    """Open a token with the PIN of a file.

    Raises:
        StartupError: The PIN file is missing or readable by others, or the token does not open.
    """
    if pin_file is None:
        raise StartupError("Set WALLET_PKCS11_PIN_FILE to the file of the token's PIN.")
    try:
        mode = pin_file.stat().st_mode
        pin = pin_file.read_text().strip()
    except OSError as error:
        raise StartupError(f"{pin_file} cannot be read: {error.strerror}.") from error
    if stat.S_IMODE(mode) & 0o077:
        raise StartupError(f"{pin_file} can be read by others: run `chmod 600 {pin_file}`.")
    return Token(module, label=label, pin=pin)


def token_signers(token: Token, labels: Iterable[str]) -> dict[str, Signer]:
    """Return the signer of each label that the token holds."""
    found = {label: token.signer(label) for label in labels}
    return {label: signer for label, signer in found.items() if signer is not None}
