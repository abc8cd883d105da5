"""The bytes of promises: what the till shows, what the phone answers, what vouches for both.

P-256 with SHA-256 throughout, because every browser of the last ten years has it without a
library. Signatures are r ‖ s (64 bytes), keys x ‖ y (64 bytes), numbers big-endian, instants
Unix seconds. The browsers' side of this file is `web/static/promise-codes.js`.
"""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.promises.errors import PassKeyInvalidError, PromiseForgedError, PromiseMalformedError
from backend.promises.rules import NAME_BYTES

PREFIX = "CLQ1:"
"""In front of a promise, so that a till tells it from other codes."""
KEY_BYTES = 64
_VERSION = b"\x01"
_PASS_TAG = b"calanque/pass/v1"
_SHOP_TAG = b"calanque/shop/v1"
_PROMISE_TAG = b"calanque/promise/v1"
_CERTIFICATE_BYTES = 8 + KEY_BYTES + 4 + 4 + 64
_PROMISE_BYTES = 1 + _CERTIFICATE_BYTES + 16 + 8 + 4 + 4 + 8 + 64
_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""Source: RFC 9285, 4.2: the alphabet of the QR code's alphanumeric mode."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256. Source: SEC 2, 2.4.2."""


@dataclass(frozen=True)
class Promise:
    """What a phone signed.

    Attributes:
        pass_id, nonce, request: 8 bytes, hex. The till draws `request` for each sale, so that a
            promise answers one sale at one till.
        merchant_id: 32 hex digits.
        signed_at: The phone's clock.
        signature: Over all of it, by the key of the pass.
    """

    pass_id: str
    merchant_id: str
    request: str
    units: int
    signed_at: datetime
    nonce: str
    signature: bytes

    @property
    def id(self) -> str:
        """Its name: pass and nonce, 32 hex digits."""
        return self.pass_id + self.nonce

    def signed_bytes(self) -> bytes:
        """Return what the phone signs."""
        return _PROMISE_TAG + bytes.fromhex(self.pass_id) + _body(self)


def issuer_of(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Derive the key that vouches for passes and shops from the secret of the settings.

    It moves no points: a till that is alone believes it, and the server believes its own rows.
    """
    hkdf = HKDF(algorithm=SHA256(), length=48, salt=None, info=b"calanque/promises/v1")
    # 16 bytes more than the order has, so that the remainder is as good as even.
    scalar = int.from_bytes(hkdf.derive(secret), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public_of(key: ec.EllipticCurvePrivateKey) -> str:
    """Return a public key as x ‖ y, hex."""
    numbers = key.public_key().public_numbers()
    return f"{numbers.x:064x}{numbers.y:064x}"


def check_key(public_key: str) -> None:
    """Check that a phone's key is a point of the curve.

    Raises:
        PassKeyInvalidError: It is not.
    """
    try:
        _public(public_key)
    except ValueError as error:
        raise PassKeyInvalidError from error


def certify_pass(
    issuer: ec.EllipticCurvePrivateKey,
    *,
    pass_id: str,
    public_key: str,
    expires_at: datetime,
    each_units: int,
) -> str:
    """Return what a phone shows with each promise: its pass, signed by us, hex."""
    facts = (
        bytes.fromhex(pass_id)
        + bytes.fromhex(public_key)
        + _seconds(expires_at)
        + each_units.to_bytes(4, "big")
    )
    return (facts + sign(issuer, _PASS_TAG + facts)).hex()


def certify_shop(
    issuer: ec.EllipticCurvePrivateKey, *, merchant_id: str, name: str, expires_at: datetime
) -> str:
    """Return what a till shows with each request: the shop's name, signed by us, hex.

    It keeps a stranger from putting a well-known name over a number of their own.
    """
    short = name.encode()[:NAME_BYTES].decode(errors="ignore").encode()
    facts = bytes.fromhex(merchant_id) + _seconds(expires_at) + len(short).to_bytes(1) + short
    return (facts + sign(issuer, _SHOP_TAG + facts)).hex()


def read(text: str) -> Promise:
    """Read what a till scanned; nothing of it is verified.

    Raises:
        PromiseMalformedError: It is no promise, or a piece of one.
    """
    raw = base45_decode(text.strip().removeprefix(PREFIX))
    if len(raw) != _PROMISE_BYTES or raw[:1] != _VERSION:
        raise PromiseMalformedError
    body = raw[1 + _CERTIFICATE_BYTES :]
    units = int.from_bytes(body[24:28], "big")
    if units == 0:
        raise PromiseMalformedError
    return Promise(
        pass_id=raw[1:9].hex(),
        merchant_id=body[:16].hex(),
        request=body[16:24].hex(),
        units=units,
        signed_at=datetime.fromtimestamp(int.from_bytes(body[28:32], "big"), UTC),
        nonce=body[32:40].hex(),
        signature=body[40:],
    )


def write(promise: Promise, certificate: str) -> str:
    """Spell a promise as a phone does.

    Args:
        certificate: See `certify_pass`.
    """
    raw = _VERSION + bytes.fromhex(certificate) + _body(promise) + promise.signature
    return PREFIX + base45_encode(raw)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Sign as browsers do, r ‖ s."""
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public_key: str, promise: Promise) -> None:
    """Check that the holder of a pass's key signed a promise.

    Raises:
        PromiseForgedError: Somebody else did, or a byte was changed.
    """
    r, s = promise.signature[:32], promise.signature[32:]
    der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    try:
        _public(public_key).verify(der, promise.signed_bytes(), ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise PromiseForgedError from error


def base45_encode(raw: bytes) -> str:
    """Spell bytes in base45 (RFC 9285).

    >>> base45_encode(b"Hello!!")
    '%69 VD92EX0'
    """
    pairs = [raw[start : start + 2] for start in range(0, len(raw), 2)]
    return "".join(_spell(int.from_bytes(pair, "big"), 1 + len(pair)) for pair in pairs)


def base45_decode(text: str) -> bytes:
    """Read base45.

    Raises:
        PromiseMalformedError: Another alphabet, or a group that says too much.
    """
    if len(text) % 3 == 1 or not set(text) <= set(_BASE45):
        raise PromiseMalformedError
    raw = b""
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        value = sum(_BASE45.index(char) * 45**place for place, char in enumerate(group))
        if value >= 256 ** (len(group) - 1):
            raise PromiseMalformedError
        raw += value.to_bytes(len(group) - 1, "big")
    return raw


def base32_of(raw: bytes) -> str:
    """Spell bytes as links of other codes are: upper-case base32 without padding."""
    return base64.b32encode(raw).decode().rstrip("=")


def _spell(value: int, chars: int) -> str:
    return "".join(_BASE45[value // 45**place % 45] for place in range(chars))


def _body(promise: Promise) -> bytes:
    return (
        bytes.fromhex(promise.merchant_id)
        + bytes.fromhex(promise.request)
        + promise.units.to_bytes(4, "big")
        + _seconds(promise.signed_at)
        + bytes.fromhex(promise.nonce)
    )


def _seconds(at: datetime) -> bytes:
    return int(at.timestamp()).to_bytes(4, "big")


def _public(public_key: str) -> ec.EllipticCurvePublicKey:
    raw = bytes.fromhex(public_key)
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
