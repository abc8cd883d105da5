"""Digests that an account signs for a payment: EIP-3009 typed data and the citizen's proof."""

from dataclasses import dataclass
from hashlib import sha256

from wallet_service.hashing import address_word, keccak, word

DOMAIN_NAME = "Calanque Points"
DOMAIN_VERSION = "1"
_DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_RECEIVE_TYPE = (
    b"ReceiveWithAuthorization(address from,address to,uint256 value,"
    b"uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
_CANCEL_TYPE = b"CancelAuthorization(address authorizer,bytes32 nonce)"
_PAYMENT_TAG = b"calanque/payment/v1"


@dataclass(frozen=True)
class Payment:
    """One payment as the payer authorises it.

    Args:
        chain_id: Chain of the desk.
        token: Address of EcoToken, the verifying contract.
        desk: Address of RedemptionDesk, the only payee.
        payer: Account that pays.
        units: Amount, 100 units a point.
        merchant_id: Opaque 64-bit pseudonym of the merchant.
        payment_ref: 32 random bytes of the payment.
        salt: 32 random bytes that hide the merchant on chain.
        valid_after: Unix second after which the desk may use it.
        valid_before: Unix second before which the desk may use it.
    """

    chain_id: int
    token: bytes
    desk: bytes
    payer: bytes
    units: int
    merchant_id: int
    payment_ref: bytes
    salt: bytes
    valid_after: int
    valid_before: int


def authorization_nonce(payment: Payment) -> bytes:
    """Return keccak(abi.encode(chainId, desk, merchantId, paymentRef, salt)).

    Source: RedemptionDesk.authorizationNonce in contracts/interfaces/IRedemptionDesk.sol.
    """
    return nonce_of(
        chain_id=payment.chain_id,
        desk=payment.desk,
        merchant_id=payment.merchant_id,
        payment_ref=payment.payment_ref,
        salt=payment.salt,
    )


def nonce_of(
    *, chain_id: int, desk: bytes, merchant_id: int, payment_ref: bytes, salt: bytes
) -> bytes:
    """Return the nonce of a payment's authorisation and of its cancellation."""
    return keccak(word(chain_id) + address_word(desk) + word(merchant_id) + payment_ref + salt)


def authorization_digest(payment: Payment) -> bytes:
    """Return the 32 bytes that the payer's key signs.

    Source: EIP-712 (encoding), EIP-3009 (type of receiveWithAuthorization).
    """
    struct = keccak(
        keccak(_RECEIVE_TYPE)
        + address_word(payment.payer)
        + address_word(payment.desk)
        + word(payment.units)
        + word(payment.valid_after)
        + word(payment.valid_before)
        + authorization_nonce(payment)
    )
    return _typed_digest(struct, chain_id=payment.chain_id, token=payment.token)


def cancellation_digest(*, chain_id: int, token: bytes, authorizer: bytes, nonce: bytes) -> bytes:
    """Return the 32 bytes that an account signs to make its own authorisation unusable.

    Source: EIP-3009, CancelAuthorization; contracts/token/PaymentAuthorizations.sol.
    """
    struct = keccak(keccak(_CANCEL_TYPE) + address_word(authorizer) + nonce)
    return _typed_digest(struct, chain_id=chain_id, token=token)


def payment_digest(payment: Payment) -> bytes:
    """Return the challenge that a citizen's passkey or PIN proof must cover.

    SHA-256 of a tagged fixed-width layout, so that a page or a web process can compute it
    without Keccak. The validity window is left out: it does not change what the citizen agrees to.
    """
    return sha256(
        _PAYMENT_TAG
        + word(payment.chain_id)
        + payment.desk
        + payment.payer
        + payment.merchant_id.to_bytes(8, "big")
        + word(payment.units)
        + payment.payment_ref
        + payment.salt
    ).digest()


def _typed_digest(struct: bytes, *, chain_id: int, token: bytes) -> bytes:
    domain = keccak(
        keccak(_DOMAIN_TYPE)
        + keccak(DOMAIN_NAME.encode())
        + keccak(DOMAIN_VERSION.encode())
        + word(chain_id)
        + address_word(token)
    )
    return keccak(b"\x19\x01" + domain + struct)
