"""The keystore backend: a key that was opened from the store signs in this process."""

from coincurve import PrivateKey
from eth_keys.backends import get_backend
from eth_keys.backends.coincurve import CoinCurveECCBackend

from wallet_service.errors import StartupError
from wallet_service.keystore import address_of_secret
from wallet_service.signing.protocol import Signature

_SIGNATURE_BYTES = 65


class LocalSigner:
    """Signs with a private key held in memory for as long as this object lives."""

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self._address = address_of_secret(secret)

    @property
    def address(self) -> bytes:
        """The 20-byte address of the key."""
        return self._address

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes as they are; deterministic (RFC 6979) and with a low s."""
        # libsecp256k1 normalises s itself; the conformance suite checks it.
        signature = self._key.sign_recoverable(digest, hasher=None)
        return Signature(
            r=int.from_bytes(signature[:32], "big"),
            s=int.from_bytes(signature[32:64], "big"),
            parity=signature[_SIGNATURE_BYTES - 1],
        )


def require_coincurve() -> None:
    """Refuse to run on the pure-Python curve: it is slow and not constant-time.

    Raises:
        StartupError: eth-account fell back silently.
    """
    if not isinstance(get_backend(), CoinCurveECCBackend):
        raise StartupError(
            "coincurve is not in use: install it (`make setup`) and unset ECC_BACKEND_CLASS."
        )
