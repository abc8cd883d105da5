"""The envelope of everything a device signs: COSE_Sign1 with Ed25519, and its base32 spelling.

RFC 9052 gives the structure, RFC 8392 the claims (CWT), RFC 4648 the base32.
One algorithm and one layout exist, so there is nothing to negotiate and no
other algorithm can be smuggled in. Pure: no session, clock or settings.
"""

import base64
from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from backend.devices.cbor import ARRAY, TAG, CBORValue, Reader
from backend.devices.errors import CodeForgedError, CodeMalformedError

MAX_DEVICE = 2**32 - 1
SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 32

_COSE_SIGN1 = 18
_ALGORITHM, _KEY_ID, _EDDSA = 1, 4, -8
_PARTS = 4
_MAX_CHARS = 400
"""A version 9 QR code at level M holds 262; longer input is refused before it is decoded."""
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_GROUP = 8
_CHARS_OF_WHOLE_BYTES = (0, 0, 2, 2, 4, 5, 5, 7)
"""Of a last group of that many characters, how many spell whole bytes (RFC 4648 §6)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A signed message, read but not verified."""

    device: int
    payload: bytes
    protected: bytes
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Return what the signature covers (Sig_structure of RFC 9052 §4.4)."""
        return _to_sign(self.protected, self.payload)


def seal(key: Ed25519PrivateKey, *, device: int, claims: dict[int, CBORValue]) -> str:
    """Sign claims for a device.

    Args:
        key: The device's own key.
        device: Its number, 1 to 2**32 - 1; becomes the key id.
        claims: CWT claims by integer key.
    Returns:
        Upper-case base32 without padding.
    Raises:
        ValueError: The number is out of range.
    """
    if not 1 <= device <= MAX_DEVICE:
        msg = f"device number {device} is outside 1..{MAX_DEVICE}"
        raise ValueError(msg)
    key_id = device.to_bytes((device.bit_length() + 7) // 8, "big")
    protected = _dumps({_ALGORITHM: _EDDSA, _KEY_ID: key_id})
    payload = _dumps(claims)
    signature = key.sign(_to_sign(protected, payload))
    message = cbor2.CBORTag(_COSE_SIGN1, [protected, {}, payload, signature])
    return base32_of(_dumps(message))


def open_unverified(token: str) -> Envelope:
    """Read an envelope without checking its signature.

    Raises:
        CodeTruncatedError: The end is missing.
        CodeMalformedError: Anything but the one layout and the one spelling.
    """
    text = _checked(token)
    reader = Reader(_whole_bytes(text))
    if reader.head() != (TAG, _COSE_SIGN1) or reader.head() != (ARRAY, _PARTS):
        raise CodeMalformedError("it is not a COSE_Sign1 message")
    protected, unprotected = reader.value(), reader.value()
    payload, signature = reader.value(), reader.value()
    reader.finish()
    if base32_of(reader.raw) != text:
        raise CodeMalformedError("it is spelled in another way than codes are")
    if unprotected != {}:
        raise CodeMalformedError("it has unsigned headers")
    if not (
        isinstance(protected, bytes)
        and isinstance(payload, bytes)
        and isinstance(signature, bytes)
        and len(signature) == SIGNATURE_BYTES
    ):
        raise CodeMalformedError("a part has the wrong type or length")
    return Envelope(_device_of(protected), payload, protected, signature)


def check_signature(envelope: Envelope, public_key: bytes) -> None:
    """Check that the holder of `public_key` (32 raw bytes) signed the envelope.

    Raises:
        CodeForgedError: Somebody else did, or a byte was changed.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(envelope.signature, envelope.signed_bytes())
    except (InvalidSignature, ValueError) as error:
        raise CodeForgedError(envelope.device) from error


def base32_of(raw: bytes) -> str:
    """Spell bytes in upper-case base32 without padding."""
    return base64.b32encode(raw).decode().rstrip("=")


def _checked(token: str) -> str:
    # Lower case is taken for upper case, since some readers of QR codes change it.
    text = token.upper()
    if not text or len(text) > _MAX_CHARS or not set(text) <= _ALPHABET:
        raise CodeMalformedError("its length or alphabet is wrong")
    return text


def _whole_bytes(text: str) -> bytes:
    # A cut code may end within a byte; what is whole is read, to tell a cut from a wrong code.
    groups, rest = divmod(len(text), _GROUP)
    usable = text[: groups * _GROUP + _CHARS_OF_WHOLE_BYTES[rest]]
    return base64.b32decode(usable + "=" * (-len(usable) % _GROUP))


def _device_of(protected: bytes) -> int:
    reader = Reader(protected)
    headers = reader.value()
    reader.finish()
    if not isinstance(headers, dict) or headers.keys() != {_ALGORITHM, _KEY_ID}:
        raise CodeMalformedError("its headers are not the ones of a code")
    if headers[_ALGORITHM] != _EDDSA:
        raise CodeMalformedError("it is not signed with Ed25519")
    key_id = headers[_KEY_ID]
    if not isinstance(key_id, bytes) or not 1 <= len(key_id) <= _PARTS or key_id[0] == 0:
        raise CodeMalformedError("its device number is not in its shortest form")
    return int.from_bytes(key_id, "big")


def _to_sign(protected: bytes, payload: bytes) -> bytes:
    return _dumps(["Signature1", protected, b"", payload])


def _dumps(value: object) -> bytes:
    encoded: bytes = cbor2.dumps(value, canonical=True)
    return encoded
