"""Pure words of factors: which payments need one, what it covers, how a PIN is sealed.

The wallet service carries its own copy of these few lines (docs/wallet.md); a test ties them.
"""

import base64
import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PROOF_ABOVE_UNITS = 50_000
"""500 points. Source: `proof_above_units` of wallet_service/policies/issuance.toml."""
UNPROVED_UNITS_PER_DAY = 100_000
"""Source: `account_units_per_day_max` of the same file."""
_PIN_SHAPE = re.compile(r"[0-9]{4,12}", re.ASCII)
_PAYMENT_TAG = b"calanque/payment/v1"
_DEPARTURE_TAG = b"calanque/departure/v1"
_FACTOR_TAG = b"calanque/factor/v1"
_SEAL_INFO = b"calanque/pin/v1"
_SEAL_NONCE = bytes(12)
"""A sealed PIN's key is used once, so a constant nonce is safe."""


class FactorKind(StrEnum):
    """What a citizen proves with."""

    PIN = "pin"
    """Digits that only the citizen knows."""
    PASSKEY = "passkey"
    """A key in the phone or browser, opened by finger, face or code."""


class FactorState(StrEnum):
    """Life of an enrolment."""

    REQUESTED = "requested"
    """On its way to the wallet service."""
    ACTIVE = "active"
    """Counts from `active_from` on."""
    REFUSED = "refused"
    """The wallet service did not take it."""


@dataclass(frozen=True)
class PaymentFacts:
    """What a proof covers, see docs/wallet.md.

    Attributes:
        desk, payer: Addresses, 0x-hex.
        payment_ref, salt: 32 bytes, 0x-hex.
    """

    chain_id: int
    desk: str
    payer: str
    merchant_pseudonym: int
    units: int
    payment_ref: str
    salt: str


def needs_proof(units: int, *, unproved_today_units: int) -> bool:
    """Tell whether a payment needs the citizen's own proof.

    Args:
        units: Price.
        unproved_today_units: What the account paid without proof since midnight UTC.
    """
    return units > PROOF_ABOVE_UNITS or unproved_today_units + units > UNPROVED_UNITS_PER_DAY


def is_pin(text: str) -> bool:
    """Tell whether a text is 4 to 12 digits."""
    return _PIN_SHAPE.fullmatch(text) is not None


def payment_digest(facts: PaymentFacts) -> bytes:
    """Return the 32 bytes that a proof of a payment covers."""
    return sha256(
        _PAYMENT_TAG
        + facts.chain_id.to_bytes(32, "big")
        + _bytes(facts.desk)
        + _bytes(facts.payer)
        + facts.merchant_pseudonym.to_bytes(8, "big")
        + facts.units.to_bytes(32, "big")
        + _bytes(facts.payment_ref)
        + _bytes(facts.salt)
    ).digest()


def departure_digest(*, chain_id: int, token: str, source: str, target: str, nonce: str) -> bytes:
    """Return the 32 bytes that a proof of a move away from the kept account covers.

    Args:
        token, source, target: Addresses, 0x-hex.
        nonce: 32 bytes of the move, 0x-hex.
    """
    addresses = b"".join(_bytes(text) for text in (token, source, target))
    return sha256(
        _DEPARTURE_TAG + chain_id.to_bytes(32, "big") + addresses + _bytes(nonce)
    ).digest()


def enrolment_digest(address: str) -> bytes:
    """Return what a new PIN is sealed for."""
    return sha256(_FACTOR_TAG + b"/enrol/" + address.encode()).digest()


def replacement_digest(address: str, material: str) -> bytes:
    """Return what an old factor proves so that a new one counts at once.

    Args:
        material: The sealed text of the new PIN, or the public-key text of the new passkey.
    """
    return sha256(_FACTOR_TAG + b"/replace/" + f"{address}/{material}".encode()).digest()


def seal_pin(pin_key: str, pin: str, digest: bytes) -> str:
    """Seal a PIN so that only the wallet service opens it, and only for this digest.

    Args:
        pin_key: X25519 public key of the wallet service, 0x-hex.
    """
    receiver = _bytes(pin_key)
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(receiver))
    sender = ephemeral.public_key().public_bytes_raw()
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=sender + receiver, info=_SEAL_INFO)
    sealed = AESGCM(hkdf.derive(shared)).encrypt(_SEAL_NONCE, pin.encode(), digest)
    return base64url(sender + sealed)


def base64url(data: bytes) -> str:
    """Encode bytes as WebAuthn does, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
