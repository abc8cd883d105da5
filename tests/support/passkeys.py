"""A passkey in software, as a phone keeps one."""

import base64
import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.wallets import InProcessWallet, new_id

ORIGIN = "http://localhost:8000"


def b64(raw: bytes) -> str:
    """Encode as WebAuthn does: base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Passkey:
    """A software authenticator: one P-256 credential with a counter.

    Attributes:
        count: Signatures so far, as the authenticator tells them.
    """

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = b"credential-" + new_id().encode()
        self.count = 0

    @property
    def cose(self) -> bytes:
        """The public key as a COSE_Key (RFC 9053)."""
        point = self._key.public_key().public_numbers()
        return cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )

    def answer(
        self, challenge: bytes, *, origin: str = ORIGIN, rp_id: str = "localhost", flags: int = 0x05
    ) -> dict[str, Any]:
        """Sign a challenge, as `navigator.credentials.get` would."""
        self.count += 1
        client_data = json.dumps(
            {"type": "webauthn.get", "challenge": b64(challenge), "origin": origin}
        ).encode()
        data = (
            hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        )
        signature = self._key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return {
            "id": b64(self.credential_id),
            "rawId": b64(self.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client_data),
                "authenticatorData": b64(data),
                "signature": b64(signature),
            },
        }

    def enrol(self, instance: InProcessWallet, address: str, **changes: Any) -> Any:
        """Hand the credential to a wallet service."""
        body = {
            "request_id": new_id(),
            "credential_id": b64(self.credential_id),
            "public_key": b64(self.cose),
            "rp_id": "localhost",
        }
        return instance.client.post(f"/v1/accounts/{address}/passkey", json=body | changes)
