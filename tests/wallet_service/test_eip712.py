import hashlib

from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from wallet_service.eip712 import (
    Payment,
    authorization_digest,
    authorization_nonce,
    payment_digest,
)

PAYMENT = Payment(
    chain_id=31337,
    token=b"\x01" * 20,
    desk=b"\x04" * 20,
    payer=b"\x0a" * 20,
    units=1_234,
    merchant_id=2**64 - 1,
    payment_ref=b"\x11" * 32,
    salt=b"\x22" * 32,
    valid_after=5,
    valid_before=1_800_000_000,
)


def test_nonce_is_the_hash_of_the_abi_encoding() -> None:
    encoded = encode(
        ["uint256", "address", "uint64", "bytes32", "bytes32"],
        [31337, "0x" + "04" * 20, 2**64 - 1, b"\x11" * 32, b"\x22" * 32],
    )

    assert authorization_nonce(PAYMENT) == keccak(primitive=encoded)


def test_digest_equals_the_one_of_the_reference_library() -> None:
    message = encode_typed_data(
        domain_data={
            "name": "Calanque Points",
            "version": "1",
            "chainId": 31337,
            "verifyingContract": "0x" + "01" * 20,
        },
        message_types={
            "ReceiveWithAuthorization": [
                {"name": "from", "type": "address"},
                {"name": "to", "type": "address"},
                {"name": "value", "type": "uint256"},
                {"name": "validAfter", "type": "uint256"},
                {"name": "validBefore", "type": "uint256"},
                {"name": "nonce", "type": "bytes32"},
            ]
        },
        message_data={
            "from": "0x" + "0a" * 20,
            "to": "0x" + "04" * 20,
            "value": 1_234,
            "validAfter": 5,
            "validBefore": 1_800_000_000,
            "nonce": authorization_nonce(PAYMENT),
        },
    )

    reference = keccak(primitive=b"\x19" + message.version + message.header + message.body)

    assert authorization_digest(PAYMENT) == reference


def test_payment_digest_has_the_documented_layout() -> None:
    layout = (
        b"calanque/payment/v1"
        + (31337).to_bytes(32, "big")
        + b"\x04" * 20
        + b"\x0a" * 20
        + b"\xff" * 8
        + (1_234).to_bytes(32, "big")
        + b"\x11" * 32
        + b"\x22" * 32
    )

    assert payment_digest(PAYMENT) == hashlib.sha256(layout).digest()
