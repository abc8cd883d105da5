"""What an own wallet signs to pay: EIP-3009 typed data, pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eth_utils.crypto import keccak

OWN_WALLET = "own"
"""Kind of proof: the payer's own signature of the authorisation."""
OWN_GRACE = timedelta(minutes=10)
"""An own wallet's authorisation ends so long after its request: what the chain has not taken by
then it can never take, and the points are free again. A kept account signs for months instead,
because there the goods are gone before the chain has seen anything."""
PAYMENT_TYPES = {
    "EIP712Domain": [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
        {"name": "verifyingContract", "type": "address"},
    ],
    "ReceiveWithAuthorization": [
        {"name": "from", "type": "address"},
        {"name": "to", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "validAfter", "type": "uint256"},
        {"name": "validBefore", "type": "uint256"},
        {"name": "nonce", "type": "bytes32"},
    ],
}
"""Source: EIP-3009; contracts/token/PaymentAuthorizations.sol."""


@dataclass(frozen=True)
class OwnPayment:
    """One payment from an own wallet.

    Attributes:
        token, desk, payer: Checksummed addresses.
        payment_ref, salt: 32 bytes, 0x-hex.
        valid_before_s: Unix second before which the desk may take it.
    """

    chain_id: int
    token: str
    desk: str
    payer: str
    units: int
    merchant_pseudonym: int
    payment_ref: str
    salt: str
    valid_before_s: int


def valid_before_s(expires_at: datetime) -> int:
    """Return when the authorisation of a request ends, Unix seconds."""
    return int((expires_at + OWN_GRACE).timestamp())


def nonce_of(payment: OwnPayment) -> str:
    """Return the nonce that the desk computes for a payment, 0x-hex.

    Source: RedemptionDesk.authorizationNonce in contracts/interfaces/IRedemptionDesk.sol.
    """
    packed = (
        payment.chain_id.to_bytes(32, "big")
        + _bytes(payment.desk).rjust(32, b"\0")
        + payment.merchant_pseudonym.to_bytes(32, "big")
        + _bytes(payment.payment_ref)
        + _bytes(payment.salt)
    )
    return "0x" + keccak(packed).hex()


def typed_data(payment: OwnPayment) -> dict[str, Any]:
    """Return what the wallet shows and signs."""
    return {
        "types": PAYMENT_TYPES,
        "primaryType": "ReceiveWithAuthorization",
        "domain": {
            "name": "Calanque Points",
            "version": "1",
            "chainId": payment.chain_id,
            "verifyingContract": payment.token,
        },
        "message": {
            "from": payment.payer,
            "to": payment.desk,
            "value": payment.units,
            "validAfter": 0,
            "validBefore": payment.valid_before_s,
            "nonce": nonce_of(payment),
        },
    }


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
