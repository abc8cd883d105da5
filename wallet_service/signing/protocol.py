"""What a signing backend is; each passes the suite of test_signer_conformance.py."""

from dataclasses import dataclass
from typing import Protocol

from wallet_service.keystore import CURVE_ORDER

HALF_ORDER = CURVE_ORDER // 2
"""Greatest allowed s. Source: EIP-2 (a signature with a greater s is not valid)."""


@dataclass(frozen=True)
class Signature:
    """A recoverable ECDSA signature over secp256k1.

    Args:
        r: First component.
        s: Second component, never above half the order of the curve.
        parity: 0 or 1; `v` of an EIP-3009 authorisation is 27 + parity.
    """

    r: int
    s: int
    parity: int


class Signer(Protocol):
    """One private key, wherever it lives."""

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes as they are, with a low s.

        Raises:
            SignerFaultError: The backend is away or returned something else than a signature.
        """
