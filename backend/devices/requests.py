"""How a device signs its requests to the API; no session, clock or settings.

The header `Authorization: Calanque-Device <token>` carries a CWT in the same
envelope as the codes, whose private claim names method, path and body. A code
is never a request and a request is never a code: their first word differs.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.devices import cose
from backend.devices.cbor import CBORValue, Reader
from backend.devices.errors import (
    CodeForgedError,
    CodeMalformedError,
    DeviceRequestRefusedError,
)

SCHEME = "Calanque-Device"
MAX_AGE_S = 60
"""A signed request older than this is refused; it also bounds a fast clock."""

_ISSUED_AT = 6
_BODY = -65537
_REQUEST = 9


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request header that was read; only `device` may be used before `verify`."""

    envelope: cose.Envelope
    issued_at: datetime
    digest: bytes

    @property
    def device(self) -> int:
        """Number of the device that claims to have signed it."""
        return self.envelope.device


def sign(
    key: Ed25519PrivateKey, *, device: int, method: str, path: str, body: bytes, at: datetime
) -> str:
    """Return the value of the Authorization header for a request."""
    claims: dict[int, CBORValue] = {
        _ISSUED_AT: int(at.timestamp()),
        _BODY: [_REQUEST, _digest(method, path, body)],
    }
    return f"{SCHEME} {cose.seal(key, device=device, claims=claims)}"


def read(header: str | None) -> SignedRequest:
    """Read an Authorization header without checking its signature.

    Raises:
        DeviceRequestRefusedError: It is missing or not ours.
    """
    scheme, _, token = (header or "").partition(" ")
    if scheme != SCHEME:
        raise DeviceRequestRefusedError("the header is missing")
    try:
        envelope = cose.open_unverified(token)
        reader = Reader(envelope.payload)
        claims = reader.value()
        reader.finish()
    except CodeMalformedError as error:
        raise DeviceRequestRefusedError("it cannot be read") from error
    match claims:
        case {6: int() as issued_s, -65537: [9, bytes() as digest]} if issued_s < 2**32:
            return SignedRequest(envelope, datetime.fromtimestamp(issued_s, UTC), digest)
    raise DeviceRequestRefusedError("it is not the signature of a request")


def verify(
    request: SignedRequest, public_key: bytes, *, method: str, path: str, body: bytes, now: datetime
) -> int:
    """Check that the device signed exactly this request, lately.

    Returns:
        The device's clock minus ours, in seconds.
    Raises:
        DeviceRequestRefusedError: Another key, another request, or too old.
    """
    try:
        cose.check_signature(request.envelope, public_key)
    except CodeForgedError as error:
        raise DeviceRequestRefusedError("the key is not the device's") from error
    if request.digest != _digest(method, path, body):
        raise DeviceRequestRefusedError("it belongs to another request")
    skew = request.issued_at - now
    if abs(skew) > timedelta(seconds=MAX_AGE_S):
        raise DeviceRequestRefusedError("its time differs from ours by more than a minute")
    return int(skew.total_seconds())


def _digest(method: str, path: str, body: bytes) -> bytes:
    return hashlib.sha256(f"{method.upper()} {path}\n".encode() + body).digest()
